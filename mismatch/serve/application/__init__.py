"""The application behind the server: each route and what it needs."""
