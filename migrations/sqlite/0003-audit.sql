-- Pages of a namespace's events by time, newest first, and their count: the position keeps events of
-- one millisecond in order, and the type lets those that are not wanted be passed over unread.
CREATE INDEX events_by_time ON events (namespace, recorded_at, position, type);

-- An event by its id, as the audit log asks for one.
CREATE INDEX events_by_id ON events (event_id);
