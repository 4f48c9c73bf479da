-- Run once by the database container, as its superuser, in the database of the application (deploy/postgres/init.sh).
-- Makes what `bos db init` makes, so that the application never sees a superuser's password:
--   bos_owner   owns all tables; nobody logs in as it
--   bos_read, bos_write, bos_queue, bos_call   what one transaction may do; row-level security binds them
--   bos_app     the login of DATABASE_URL: no rights but to act as one of those four
--   bos_deploy  the login of OWNER_DATABASE_URL: may act as bos_owner, at start, for migrations
-- psql variables: app_password, deploy_password.
create role bos_owner nologin noinherit;
create role bos_read nologin noinherit;
create role bos_write nologin noinherit;
create role bos_queue nologin noinherit;
create role bos_call nologin noinherit;

create role bos_app login noinherit password :'app_password';
grant bos_read, bos_write, bos_queue, bos_call to bos_app with inherit false, set true;

create role bos_deploy login noinherit password :'deploy_password';
grant bos_owner to bos_deploy with inherit false, set true;

do $$ begin execute format('grant create on database %I to bos_owner', current_database()); end $$;

create extension pg_trgm schema public;
create extension btree_gin schema public;
create extension btree_gist schema public;
