"""The use cases of scheduling: load, ask, decide, save. The only way in for api, sync and cli."""
