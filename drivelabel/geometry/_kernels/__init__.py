"""The only compiled loops in the project. Callers have checked shapes and dtypes; nothing here raises."""
