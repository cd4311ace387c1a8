-- Three roles for the duebook book in the schema {schema} of this database, each with the rights
-- that it needs and no others:
--
--   duebook_owner   owns the tables. Nobody logs in as it: whoever makes, upgrades or rebuilds the
--                   book acts as it. It could switch off the triggers that refuse to change what
--                   is recorded, so few people should be able to act as it.
--   duebook_writer  reads everything and adds to the log: records, publishes, closes, adjusts,
--                   pays, withdraws. It can neither change nor delete what is recorded.
--   duebook_reader  reads everything: statements, reports, queries, `duebook verify`.
--
-- The administrator of the database runs it once, after the book was made:
--
--   duebook init --roles | psql -v ON_ERROR_STOP=1 books
--
-- It may run before that too, so that the book is made by the owner; then it runs once more
-- afterwards, for rights on tables are given when the tables are there. Running it again does no
-- harm. An administrator who is no superuser needs CREATEROLE and has to own the database, and the
-- tables or a role that does.
--
-- Then each login gets one of the roles:
--
--   CREATE ROLE clerk LOGIN IN ROLE duebook_writer;
--   CREATE ROLE auditor LOGIN IN ROLE duebook_reader;
--   CREATE ROLE keeper LOGIN IN ROLE duebook_owner;
--   ALTER ROLE keeper IN DATABASE books SET role = 'duebook_owner';
--
-- The last line lets keeper act as the owner whenever they connect to that database, so that what
-- they make (the book itself, tables of a later version, read models) belongs to the owner.
--
-- Roles are of the whole server. Where it keeps books of different people, write other names than
-- duebook_... in the script for each of them. The database is taken to be the book's own: everybody
-- who has none of the three roles loses the right to connect to it.

BEGIN;
SET LOCAL client_min_messages = warning;

DO $$
BEGIN
    IF to_regclass('{schema}.duebook_meta') IS NULL AND EXISTS (
        SELECT FROM pg_class WHERE relnamespace = to_regnamespace('{schema}') AND relkind = 'r'
    ) THEN
        RAISE EXCEPTION 'The schema {schema} of the database % holds tables and no book.',
            current_database() USING HINT = 'Nothing was changed. Connect to the book''s database.';
    END IF;
END $$;

DO $$
BEGIN
    IF to_regrole('duebook_owner') IS NULL THEN CREATE ROLE duebook_owner NOLOGIN; END IF;
    IF to_regrole('duebook_writer') IS NULL THEN CREATE ROLE duebook_writer NOLOGIN; END IF;
    IF to_regrole('duebook_reader') IS NULL THEN CREATE ROLE duebook_reader NOLOGIN; END IF;
    -- Only who may act as a role can give tables to it; a superuser may act as any.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT duebook_owner TO %I', current_user);
    END IF;
END $$;

-- The database and the schema: all three come in, the owner alone makes tables.
DO $$
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO duebook_owner, duebook_writer, duebook_reader',
        current_database()
    );
END $$;
CREATE SCHEMA IF NOT EXISTS {schema};
REVOKE ALL ON SCHEMA {schema} FROM PUBLIC, duebook_writer, duebook_reader;
GRANT USAGE, CREATE ON SCHEMA {schema} TO duebook_owner;
GRANT USAGE ON SCHEMA {schema} TO duebook_writer, duebook_reader;

-- Tables that the owner makes from here on are read by the others.
ALTER DEFAULT PRIVILEGES FOR ROLE duebook_owner IN SCHEMA {schema}
    GRANT SELECT ON TABLES TO duebook_writer, duebook_reader;

-- The book's tables belong to the owner, whoever made them, and are read by the others. The writer
-- adds to the log and its indexes, and to nothing else.
DO $$
DECLARE
    names text[] := ARRAY[{tables}];
    name text;
BEGIN
    IF to_regclass('{schema}.duebook_meta') IS NULL THEN
        RAISE WARNING 'There is no book yet. When it is made, run this script again.';
        RETURN;
    END IF;
    IF to_regclass('{schema}.duebook_views') IS NOT NULL THEN -- read models that somebody built
        names := names || ARRAY['duebook_views', 'duebook_parked']
            || ARRAY(SELECT view FROM {schema}.duebook_views);
    END IF;
    FOREACH name IN ARRAY names LOOP
        CONTINUE WHEN to_regclass(format('{schema}.%I', name)) IS NULL;
        EXECUTE format('ALTER TABLE {schema}.%I OWNER TO duebook_owner', name);
        EXECUTE format(
            'REVOKE ALL ON {schema}.%I FROM PUBLIC, duebook_writer, duebook_reader', name
        );
        EXECUTE format('GRANT SELECT ON {schema}.%I TO duebook_writer, duebook_reader', name);
        IF name IN ({written}) THEN
            EXECUTE format('GRANT INSERT ON {schema}.%I TO duebook_writer', name);
        END IF;
    END LOOP;
    -- What the salts of line trees come from is for who closes, not for everybody who reads.
    CREATE TABLE IF NOT EXISTS {schema}.duebook_secrets (
        tree TEXT PRIMARY KEY, secret TEXT NOT NULL
    );
    ALTER TABLE {schema}.duebook_secrets OWNER TO duebook_owner;
    REVOKE ALL ON {schema}.duebook_secrets FROM PUBLIC, duebook_writer, duebook_reader;
    GRANT SELECT, INSERT ON {schema}.duebook_secrets TO duebook_writer;
    ALTER FUNCTION {schema}.duebook_refuse() OWNER TO duebook_owner;
END $$;

COMMIT;
