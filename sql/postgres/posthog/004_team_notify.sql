-- Changes of projects are told at once (sluice/003_notify.sql).
CREATE TRIGGER sluice_project_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON posthog_team
FOR EACH STATEMENT EXECUTE FUNCTION sluice.project_changed();
