-- Which key a secret is sealed with, as the first digits of a digest of the key; NULL for one that was
-- sealed before keys had ids, until the store is opened with a key that opens it.
ALTER TABLE secrets ADD COLUMN key_id TEXT;
