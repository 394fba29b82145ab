#!/bin/bash
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

# What DevStack offers a plugin, as its documentation has it, without a cloud:
# configuration is really written, and calls that would do something are
# written to $CALLS. Where DevStack would garble something, this fails.

function _called {
    echo "$*" >> "$CALLS"
}

function die {
    shift
    echo "$*" >&2
    exit 1
}

function echo_summary {
    echo "$*"
}

function sudo {
    "$@"
}

function trueorfalse {
    local value=${!2:-}
    case "${value,,}" in
        1|yes|true) echo True ;;
        0|no|false) echo False ;;
        *) echo "$1" ;;
    esac
}


# ---- configuration: a section's options are found by line, a new one goes
# ---- right below its section's name, a new section to the end

# Sets lines, to the file's, and found, to the numbers of those that have the
# option, and headers, to those that begin the section. In the shell, and not
# traced: it is called often. Fails without a file, as sed does.
function _ini_read {
    local -
    set +o xtrace
    local file=$1 section=$2 option=$3 number within=""
    local pattern="^${option}[[:blank:]]*="
    found=() headers=()
    mapfile -t lines < "$file"
    for number in "${!lines[@]}"; do
        if [[ "${lines[number]}" == \[* ]]; then
            within=""
            if [[ "${lines[number]}" == "[$section]"* ]]; then
                within=True
                headers+=("$number")
            fi
        elif [[ -n "$within" && "${lines[number]}" =~ $pattern ]]; then
            found+=("$number")
        fi
    done
}

# What it prints is split and expanded by the shell.
function iniget {
    local lines=() found=() headers=() number
    _ini_read "$@"
    for number in "${found[@]}"; do
        # shellcheck disable=SC2086
        echo ${lines[number]#*=}
    done
}

function iniset {
    local file=$1 section=$2 option=$3 value=${4:-}
    local lines=() found=() headers=() number
    if [[ -z "$section" || -z "$option" ]]; then
        return 0
    fi
    if [[ "$value" == *\\* || "$value" == *$'\n'* ]]; then
        die 0 "iniset garbles this: $value"
    fi
    : >> "$file"
    _ini_read "$file" "$section" "$option"
    if [[ ${#headers[@]} -eq 0 ]]; then
        headers=($((${#lines[@]} + 1)))
        lines+=("" "[$section]")
    fi
    for number in "${found[@]}"; do
        if [[ "$value" == *\&* ]]; then
            die 0 "iniset puts the old value for & into: $value"
        fi
        [[ "${lines[number]}" =~ ^[^=]*=[[:blank:]]* ]]
        lines[number]=${BASH_REMATCH[0]}$value
    done
    if [[ ${#found[@]} -eq 0 ]]; then
        for number in "${headers[@]}"; do
            lines[number]+=$'\n'"$option = $value"
        done
    fi
    printf '%s\n' "${lines[@]}" > "$file"
}

function inidelete {
    local lines=() found=() headers=() number
    _ini_read "$@"
    for number in "${found[@]}"; do
        unset "lines[number]"
    done
    printf '%s\n' "${lines[@]}" > "$1"
}


# ---- services -----------------------------------------------------------------

function is_service_enabled {
    local service
    for service in "$@"; do
        if [[ ,$ENABLED_SERVICES, == *,$service,* ]]; then
            return 0
        fi
        # Some names stand for all services that have a prefix in theirs.
        case "$service" in
            glance) [[ $ENABLED_SERVICES == *g-* ]] && return 0 ;;
            nova) [[ $ENABLED_SERVICES == *n-* ]] && return 0 ;;
            cinder) [[ $ENABLED_SERVICES == *c-* ]] && return 0 ;;
        esac
    done
    return 1
}

function enable_service {
    ENABLED_SERVICES+=,$1
}

function run_process {
    if ! is_service_enabled "$1"; then
        return 0
    fi
    if [[ "$2" != /* || "$2" == *sudo* ]]; then
        die 0 "systemd cannot start this: $2"
    fi
    _called "run_process $1 $2"
}

function stop_process {
    if is_service_enabled "$1"; then
        _called "stop_process $1"
    fi
}

function time_start {
    if [[ -n "${_TIMED:-}" ]]; then
        die 0 "The clock runs."
    fi
    _TIMED=$1
}

function time_stop {
    if [[ "${_TIMED:-}" != "$1" ]]; then
        die 0 "The clock does not run."
    fi
    _TIMED=
}

function get_python_exec_prefix {
    echo "$DATA_DIR/venv/bin"
}

function setup_develop {
    _called "setup_develop $*"
}

function pip_install {
    _called "pip_install $*"
}


# ---- Keystone, the database, the broker ---------------------------------------

function get_or_create_user {
    _called "get_or_create_user $*"
    echo 5c1d7a0c0e6f4a1f
}

function get_or_create_role {
    _called "get_or_create_role $*"
    echo 7d2e8b1d1f705b20
}

function get_or_add_user_project_role {
    _called "get_or_add_user_project_role $*"
    echo 8e3f9c2e20816c31
}

function recreate_database {
    _called "recreate_database $*"
}

function database_connection_url {
    if is_service_enabled postgresql; then
        echo "postgresql://root:secret@127.0.0.1/$1?client_encoding=utf8"
    else
        echo "mysql+pymysql://root:secret@127.0.0.1/$1?charset=utf8&plugin=dbcounter"
    fi
}

function get_notification_url {
    if is_service_enabled rabbit; then
        echo "rabbit://stackrabbit:secret@192.0.2.10:5672/"
    fi
}

function iniset_rpc_backend {
    local url
    url=$(get_notification_url)
    if [[ -n "$url" ]]; then
        iniset "$2" DEFAULT transport_url "$url"
        iniset "$2" oslo_messaging_notifications transport_url "$url"
    fi
}


# ---- other programs -----------------------------------------------------------

function openssl {
    _called "openssl $*"
    while [[ $# -gt 0 ]]; do
        case "$1" in
            -keyout|-out) echo "made by openssl" > "$2" ;;
        esac
        shift
    done
}
