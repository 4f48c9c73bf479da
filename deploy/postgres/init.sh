#!/bin/sh
# Executed by the PostgreSQL image on the first start of an empty data folder.
set -eu
: "${BOS_APP_PASSWORD:?}" "${BOS_DEPLOY_PASSWORD:?}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  --set app_password="$BOS_APP_PASSWORD" --set deploy_password="$BOS_DEPLOY_PASSWORD" \
  --file /opt/businessos/roles.sql
