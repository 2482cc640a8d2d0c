"""Sources: how an event becomes candidates. `jobs` reads a finished job, `drops` a manifest."""
