-- The switch by plain SQL: who and when are filled in, and every turn of it is written to the audit. One row from the
-- start, so that an UPDATE hits something. With its owner's rights: whoever may turn the switch needs none on the audit.
CREATE OR REPLACE FUNCTION {{control_changed}}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $do$
BEGIN
    -- With its owner's rights it serves no other table.
    IF TG_RELID <> {{control_literal}}::regclass THEN
        RAISE EXCEPTION 'this function serves no table but %', {{control_literal}};
    END IF;
    IF TG_WHEN = 'BEFORE' THEN
        -- A statement that sets the time knows what it does, and says who.
        IF NEW.changed_at IS NOT DISTINCT FROM OLD.changed_at THEN
            NEW.changed_at := clock_timestamp();
            IF NEW.changed_by IS NOT DISTINCT FROM OLD.changed_by THEN
                NEW.changed_by := session_user;
            END IF;
        END IF;
        IF OLD.paused AND NOT NEW.paused AND NEW.reason IS NOT DISTINCT FROM OLD.reason THEN
            NEW.reason := NULL;
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' THEN
        IF OLD.paused THEN
            INSERT INTO {{audit}} (actor, action, detail) VALUES (session_user, 'resume', 'the row was deleted');
        END IF;
        RETURN NULL;
    END IF;
    IF NEW.paused AND (TG_OP = 'INSERT' OR NOT OLD.paused OR NEW.reason IS DISTINCT FROM OLD.reason) THEN
        INSERT INTO {{audit}} (actor, action, detail) VALUES (NEW.changed_by, 'pause', NEW.reason);
    ELSIF TG_OP = 'UPDATE' AND OLD.paused AND NOT NEW.paused THEN
        INSERT INTO {{audit}} (actor, action, detail)
        VALUES (NEW.changed_by, 'resume', format('paused since %s by %s: %s',
            to_char(OLD.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), OLD.changed_by,
            coalesce(OLD.reason, 'no reason given')));
    END IF;
    RETURN NULL;
END
$do$;
REVOKE ALL ON FUNCTION {{control_changed}}() FROM PUBLIC;
COMMENT ON FUNCTION {{control_changed}}() IS 'CardGenius: fills in who turned the switch and when, and writes it to the audit';
DROP TRIGGER IF EXISTS cardgenius_control_filled ON {{control}};
CREATE TRIGGER cardgenius_control_filled BEFORE UPDATE ON {{control}}
FOR EACH ROW EXECUTE FUNCTION {{control_changed}}();
DROP TRIGGER IF EXISTS cardgenius_control_audited ON {{control}};
CREATE TRIGGER cardgenius_control_audited AFTER INSERT OR UPDATE OR DELETE ON {{control}}
FOR EACH ROW EXECUTE FUNCTION {{control_changed}}();
INSERT INTO {{control}} (source_table) VALUES ({{source_table_literal}}) ON CONFLICT (source_table) DO NOTHING;
