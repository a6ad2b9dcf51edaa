-- Says to every daemon that projects have changed. A trigger calls it where one
-- may be made: in a database that Sluice made, or by the owner's own hand.
CREATE FUNCTION sluice.project_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('sluice_project', '');
	RETURN NULL;
END
$$;

CREATE TRIGGER sluice_old_token_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sluice.old_token
FOR EACH STATEMENT EXECUTE FUNCTION sluice.project_changed();
