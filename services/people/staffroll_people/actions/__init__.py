"""The use cases of people: load, ask, decide, save. The only way in for api, sync and cli."""
