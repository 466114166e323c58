"""Tests of what a client is told."""
