-- What the protocol needs on the customer's table: nullable, or with a constant default, so nothing is rewritten and the
-- customer's own INSERTs go on unchanged. The lines of columns that are there already are left out.
-- Where the server cannot do it in an instant, ALGORITHM = INPLACE, LOCK = NONE builds the table anew beside the running work; where
-- there is a FULLTEXT index, LOCK = SHARED in their place, which keeps writers waiting: in a quiet hour.
ALTER TABLE {{input}}
    ADD COLUMN claim_id CHAR(36) CHARACTER SET ascii COLLATE ascii_bin NULL COMMENT 'CardGenius: the claim that holds the user, or that settled it last',
    ADD COLUMN attempts SMALLINT NOT NULL DEFAULT 0 COMMENT 'CardGenius: attempts spent by faults of this user alone since it last settled',
    ADD COLUMN crashes SMALLINT NOT NULL DEFAULT 0 COMMENT 'CardGenius: times that the instance holding this user died since the user last settled',
    ADD COLUMN processed_at DATETIME(6) NULL COMMENT 'CardGenius: when the user was last completed or failed, UTC',
    ALGORITHM = INSTANT
