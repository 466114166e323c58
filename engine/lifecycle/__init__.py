"""The state machine of payments: states and moves as tables, and the batch that writes them."""

from engine.lifecycle.batch import Batch
from engine.lifecycle.machine import MOVES, STATES, Move, State, mermaid

__all__ = ["MOVES", "STATES", "Batch", "Move", "State", "mermaid"]
