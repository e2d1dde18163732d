"""Front doors for other people's pipelines: each module imports its library, and only its own."""
