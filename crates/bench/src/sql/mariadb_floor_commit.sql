-- The end of a chunk.
COMMIT
