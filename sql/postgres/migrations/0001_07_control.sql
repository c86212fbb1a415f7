-- The switch that pauses every instance.
CREATE TABLE IF NOT EXISTS {{control}} (
    source_table text PRIMARY KEY,
    paused boolean NOT NULL DEFAULT false,
    reason text,
    changed_by text NOT NULL DEFAULT current_user,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE {{control}} IS 'CardGenius: the switch that pauses every instance; may be changed by plain SQL';
COMMENT ON COLUMN {{control}}.source_table IS 'The table of users, as schema.table';
COMMENT ON COLUMN {{control}}.paused IS 'True: nobody claims; what is in flight is finished';
COMMENT ON COLUMN {{control}}.reason IS 'Why, for the others';
COMMENT ON COLUMN {{control}}.changed_by IS 'Who changed it last';
COMMENT ON COLUMN {{control}}.changed_at IS 'When it was changed last';
