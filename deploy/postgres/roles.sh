#!/bin/sh
# First start of an empty database: one role that owns the tables of quantbot, and one that reads them and nothing else.
# Passwords come by the environment and reach the server as parameters of psql, not as text of this file.
set -eu
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
\getenv quantbot_password QUANTBOT_DB_PASSWORD
\getenv grafana_password GRAFANA_DB_PASSWORD
CREATE ROLE quantbot LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'quantbot_password';
CREATE ROLE grafana LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'grafana_password';
ALTER ROLE grafana SET default_transaction_read_only = on;
-- A dashboard that asks too much must not slow down the projection.
ALTER ROLE grafana SET statement_timeout = '30s';
SELECT format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I TO quantbot', current_database()) \gexec
SELECT format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO grafana', current_database()) \gexec
-- What quantbot makes later, schema and tables, grafana may read.
ALTER DEFAULT PRIVILEGES FOR ROLE quantbot GRANT USAGE ON SCHEMAS TO grafana;
ALTER DEFAULT PRIVILEGES FOR ROLE quantbot GRANT SELECT ON TABLES TO grafana;
SQL
