#!/usr/bin/env bash
# Registers in Microsoft Entra what signed-in callers need (docs/signed-in-callers.md): the API with the scope Token.Self, and a single-page app that
# may request this scope. Prints the values for azd and for the front end. Creates no secret, because the registrations need none.
#
# NOT TRIED with a real tenant. Tests run it with a program in place of az, which checks the commands and the order of the calls.
#
#   az login --tenant TENANT_ID --allow-no-subscriptions
#   bash infra/entra-app.sh --redirect-uri https://www.example.com/ [--redirect-uri http://localhost:5173/]
#
#   --redirect-uri URI   address to which the browser returns after the sign-in; https, or http://localhost. For several, repeat the option
#   --name NAME          name of the registrations (default: ACS identity). The single-page app gets the same name and " SPA"
#   --kind KIND          workforce (default): Microsoft Entra ID. external: an external tenant of Microsoft Entra External ID
#   --reuse              use registrations that exist already with these names. Check before that they are yours: anybody in the tenant may be able to
#                        register an app with any name
#   --scopes SCOPES      ACS scopes that users may get, comma separated (default: chat). The script only prints them
#
# Needs bash and the Azure CLI 2.37 or newer. On Windows: Azure Cloud Shell (bash) or WSL.
# Your role in the tenant: Cloud Application Administrator. After an error, or to add a redirect URI, run the script again
# with --reuse: it finds the registrations that it has created, by their names.
set -euo pipefail

GRAPH=https://graph.microsoft.com/v1.0
# The id of a scope must be unique only within its registration, so a fixed id is possible. A second run then finds the same scope.
SCOPE_ID=5f0c9a0e-6c52-4b0b-9d6e-0c3f2b6f7a11
# Microsoft Graph, and its delegated permissions openid, profile and offline_access: the same in every tenant
MICROSOFT_GRAPH=00000003-0000-0000-c000-000000000000
OPENID=37f7f235-527c-4136-accd-4a02d197296e
PROFILE=14dad69e-099b-42c9-810b-d002981feec1
OFFLINE_ACCESS=7427e0e9-2fba-42fe-b0c0-848c9e6a8182

fail() {
  printf '%s\n' "$1" >&2
  exit "${2:-1}"
}
log() { printf '%s\n' "$1" >&2; }

name='ACS identity'
kind=workforce
scopes=chat
reuse=false
redirect_uris=''
while [ $# -gt 0 ]; do
  case "$1" in
    -h | --help)
      # the comment above, without its marks
      sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
      ;;
    --reuse)
      reuse=true
      shift
      continue
      ;;
    --name | --kind | --scopes | --redirect-uri) [ $# -ge 2 ] || fail "$1 needs a value." 2 ;;
    *) fail "Unknown option: $1. Run: bash infra/entra-app.sh --help" 2 ;;
  esac
  case "$1" in
    --name) name=$2 ;;
    --kind) kind=$2 ;;
    --scopes) scopes=$2 ;;
    --redirect-uri) redirect_uris="$redirect_uris$2"$'\n' ;;
  esac
  shift 2
done

# These values become part of JSON and of filters, so only plain characters are accepted.
matches() { [[ $1 =~ $2 ]]; }
matches "$name" '^[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}$' || fail '--name may have letters, digits, blanks, dots, hyphens and underscores only.' 2
matches "$kind" '^(workforce|external)$' || fail '--kind is workforce or external.' 2
matches "$scopes" '^[a-z.]+(,[a-z.]+)*$' || fail '--scopes is a list such as chat,voip.' 2
[ -n "$redirect_uris" ] || fail '--redirect-uri is missing. Name the address to which the browser returns after the sign-in.' 2
while IFS= read -r uri; do
  matches "$uri" '^(https://[A-Za-z0-9.-]+|http://localhost)(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?$' ||
    fail "--redirect-uri $uri: must begin with https:// or http://localhost, and must not have a query." 2
done <<<"${redirect_uris%$'\n'}"

command -v az >/dev/null || fail 'The Azure CLI (az) is not installed: https://aka.ms/azure-cli'
tenant=$(az account show --query tenantId --output tsv 2>/dev/null) || tenant=''
matches "$tenant" '^[0-9a-f-]{36}$' || fail 'Not signed in. Run: az login --tenant TENANT_ID --allow-no-subscriptions'
log "Tenant $tenant ($kind)"

# It takes some seconds until all servers of Entra know a new object.
retry() {
  local attempt
  for attempt in 1 2 3 4 5; do
    if "$@"; then return 0; fi
    log "The call has failed (attempt $attempt of 6). Trying again soon."
    sleep "${ENTRA_APP_WAIT_SECONDS:-10}"
  done
  "$@"
}

read_graph() { retry az rest --method GET --url "$GRAPH/$1" --query "$2" --output tsv; }
patch_graph() { retry az rest --method PATCH --url "$GRAPH/$1" --headers Content-Type=application/json --body "$2" --output none; }
# Prints the id of the new object and, for an application, its client id. Never retried: if only the answer was lost, a retry would create a second object.
post_graph() { az rest --method POST --url "$GRAPH/$1" --headers Content-Type=application/json --body "$2" --query '[[id,appId]]' --output tsv; }

# The functions below are called in $(...), where set -e has no effect: they return an error themselves.

# Prints the object id and the client id of the registration with this name, or nothing.
find_app() {
  local found
  found=$(retry az ad app list --filter "displayName eq '$1'" --query '[].[id,appId]' --output tsv) || return 1
  [ "$(printf '%s' "$found" | grep -c .)" -le 1 ] || fail "There are several registrations with the name \"$1\". Choose another --name."
  if [ -n "$found" ] && [ "$reuse" = false ]; then
    fail "The registration \"$1\" exists already, with the client id ${found##*$'\t'}. If it is yours, run this script again with --reuse. If not, choose another --name."
  fi
  printf '%s' "$found"
}

find_principal() { retry az ad sp list --filter "appId eq '$1'" --query '[0].id' --output tsv; }

# Prints the object id of the service principal of a client id; creates it if it is missing.
principal_of() {
  local found
  found=$(find_principal "$1") || return 1
  [ -n "$found" ] || found=$(retry az ad sp create --id "$1" --query id --output tsv) || return 1
  printf '%s' "$found"
}

scope_json() {
  printf '{"id":"%s","value":"Token.Self","type":"User","isEnabled":true,' "$SCOPE_ID"
  printf '"adminConsentDisplayName":"Get the ACS token of the signed-in user","adminConsentDescription":"Allows the app to get an access token of Azure Communication Services for the signed-in user, and to delete the data about this user.",'
  printf '"userConsentDisplayName":"Get your access token for chat and calls","userConsentDescription":"Allows the app to chat and call as you."}'
}

# Both, before anything is changed.
found=$(find_app "$name")
read -r api_id api_client <<<"$found" || true
found=$(find_app "$name SPA")
read -r spa_id spa_client <<<"$found" || true

# --- the API ---
if [ -z "$api_id" ]; then
  log "Creating the registration \"$name\""
  found=$(post_graph applications "{\"displayName\":\"$name\",\"signInAudience\":\"AzureADMyOrg\",\"api\":{\"requestedAccessTokenVersion\":2,\"oauth2PermissionScopes\":[$(scope_json)]}}")
  read -r api_id api_client <<<"$found"
  scope_id=$SCOPE_ID
else
  log "The registration \"$name\" exists"
  scope_id=$(read_graph "applications/$api_id" "api.oauth2PermissionScopes[?value=='Token.Self'].id | [0]")
  if [ -z "$scope_id" ]; then
    count=$(read_graph "applications/$api_id" 'length(api.oauth2PermissionScopes)')
    [ "$count" = 0 ] ||
      fail "\"$name\" has other scopes, which this script does not change. Add the scope Token.Self in the portal (Expose an API), and run this script again."
    patch_graph "applications/$api_id" "{\"api\":{\"oauth2PermissionScopes\":[$(scope_json)]}}"
    scope_id=$SCOPE_ID
  fi
  # v1 tokens have another issuer and another audience, and the app refuses them
  version=$(read_graph "applications/$api_id" api.requestedAccessTokenVersion)
  [ "$version" = 2 ] || patch_graph "applications/$api_id" '{"api":{"requestedAccessTokenVersion":2}}'
fi
count=$(read_graph "applications/$api_id" 'length(identifierUris)')
[ "$count" != 0 ] ||
  patch_graph "applications/$api_id" "{\"identifierUris\":[\"api://$api_client\"]}"
app_id_uri=$(read_graph "applications/$api_id" 'identifierUris[0]')
api_principal=$(principal_of "$api_client")

# --- the single-page app ---
api_permission="{\"resourceAppId\":\"$api_client\",\"resourceAccess\":[{\"id\":\"$scope_id\",\"type\":\"Scope\"}]}"
graph_permission="{\"resourceAppId\":\"$MICROSOFT_GRAPH\",\"resourceAccess\":[{\"id\":\"$OPENID\",\"type\":\"Scope\"},{\"id\":\"$PROFILE\",\"type\":\"Scope\"},{\"id\":\"$OFFLINE_ACCESS\",\"type\":\"Scope\"}]}"
if [ -z "$spa_id" ]; then
  log "Creating the registration \"$name SPA\""
  permissions=$api_permission
  [ "$kind" = workforce ] || permissions="$permissions,$graph_permission"
  found=$(post_graph applications "{\"displayName\":\"$name SPA\",\"signInAudience\":\"AzureADMyOrg\",\"requiredResourceAccess\":[$permissions]}")
  read -r spa_id spa_client <<<"$found"
else
  log "The registration \"$name SPA\" exists"
fi
existing=$(read_graph "applications/$spa_id" 'spa.redirectUris')
all=$(printf '%s\n%s' "$existing" "$redirect_uris" | grep . | sort -u)
patch_graph "applications/$spa_id" "{\"spa\":{\"redirectUris\":[$(printf '%s\n' "$all" | sed 's/.*/"&"/' | paste -sd, -)]}}"
spa_principal=$(principal_of "$spa_client")

# --- consent, so that users are not asked for it ---
grant() { # PRINCIPAL_OF_THE_RESOURCE SCOPES
  local found
  found=$(read_graph "oauth2PermissionGrants?\$filter=clientId%20eq%20'$spa_principal'%20and%20resourceId%20eq%20'$1'" 'value[0].id')
  [ -n "$found" ] || post_graph oauth2PermissionGrants "{\"clientId\":\"$spa_principal\",\"consentType\":\"AllPrincipals\",\"resourceId\":\"$1\",\"scope\":\"$2\"}" >/dev/null
}
if [ "$kind" = workforce ]; then
  # the API trusts its own front end
  found=$(read_graph "applications/$api_id" "api.preAuthorizedApplications[?appId=='$spa_client'] | [0].appId")
  if [ -z "$found" ]; then
    count=$(read_graph "applications/$api_id" 'length(api.preAuthorizedApplications)')
    [ "$count" = 0 ] ||
      fail "\"$name\" already trusts other apps, and this script does not change them. Add $spa_client in the portal (Expose an API > Add a client application)."
    patch_graph "applications/$api_id" "{\"api\":{\"preAuthorizedApplications\":[{\"appId\":\"$spa_client\",\"delegatedPermissionIds\":[\"$scope_id\"]}]}}"
  fi
  authority=https://login.microsoftonline.com/$tenant
  issuer=$authority/v2.0
else
  # users of an external tenant can't consent, so an administrator consents for all of them
  grant "$api_principal" Token.Self
  graph_principal=$(find_principal "$MICROSOFT_GRAPH")
  grant "$graph_principal" 'openid profile offline_access'
  authority=https://$tenant.ciamlogin.com/$tenant
  issuer=$authority/v2.0
fi

# Without this scope and this token version, the app refuses everybody. So the script checks both at the end.
version=$(read_graph "applications/$api_id" api.requestedAccessTokenVersion)
found=$(read_graph "applications/$api_id" "api.oauth2PermissionScopes[?value=='Token.Self'].id | [0]")
if [ "$version" != 2 ] || [ "$found" != "$scope_id" ]; then
  fail "\"$name\" does not have the scope Token.Self and requestedAccessTokenVersion 2. Look at its manifest in the portal."
fi

origins=$(printf '%s\n' "$all" | sed -E 's#^(https?://[^/]+).*#\1#' | grep '^https:' | sort -u | paste -sd, - || true)
# pages on localhost call the app of `npm start`, which allows origins with Host.CORS of local.settings.json, not with this value
set_origins=''
[ -z "$origins" ] || set_origins="azd env set ALLOWED_ORIGINS \"$origins\""$'\n'
cat <<END

# Settings of the app. Each command replaces the earlier value of its setting. To keep the earlier value too, write both values, separated by a comma
azd env set ENTRA_ISSUERS "$issuer"
azd env set ENTRA_AUDIENCE "$api_client"
azd env set MY_TOKEN_SCOPES "$scopes"
${set_origins}azd provision

# Values of the front end; none is a secret
#   client id   $spa_client
#   authority   $authority
#   scope       $app_id_uri/Token.Self
END
if [ "$kind" = external ]; then
  cat <<END

# Still to do in the Entra admin center: add "$name SPA" to a user flow (External Identities > User flows > Applications).
# ENTRA_ISSUERS must be exactly the "issuer" of $issuer/.well-known/openid-configuration
END
fi
