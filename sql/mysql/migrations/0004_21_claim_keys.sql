-- A claim's first and last user, in keys of any length.
ALTER TABLE {{claims}}
    MODIFY first_user_id TEXT NOT NULL COMMENT 'First of its users, in the order of the primary key',
    MODIFY last_user_id TEXT NOT NULL COMMENT 'Last of its users, in the order of the primary key'
