"""One module of request handlers per resource; web.app has the one table of routes."""
