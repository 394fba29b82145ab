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

# stack.sh, unstack.sh and clean.sh, as far as a plugin sees them:
#
#   stack.bash PLUGIN_DIRECTORY TOP stack|unstack|clean
#
# TOP is the machine: TOP/etc, TOP/opt. Without nounset DevStack runs, with it
# this does; it would find a misspelt variable.
set -o errexit -o nounset -o pipefail

plugin=$1
TOP=$2
HERE=$(dirname "${BASH_SOURCE[0]}")
CALLS=$TOP/calls
STACK_USER=$(id -un)
DATA_DIR=$TOP/opt/data
ENABLED_SERVICES=${ENABLED_SERVICES:-g-api,n-api,c-api,key,mysql,rabbit,tempest}
SERVICE_PASSWORD=secret
SERVICE_DOMAIN_NAME=Default
SERVICE_PROJECT_NAME=service
REGION_NAME=RegionOne
KEYSTONE_SERVICE_URI=http://192.0.2.10/identity
SSL_BUNDLE_FILE=$DATA_DIR/ca-bundle.pem
NOVA_CONF=$TOP/etc/nova/nova.conf
TEMPEST_CONFIG=$TOP/opt/tempest/etc/tempest.conf
if [[ ${CEPH:-} == True ]]; then
    ENABLE_CEPH_GLANCE=True
    CEPH_CONF_FILE=/etc/ceph/ceph.conf
fi

# shellcheck source=glance_lifecycle/tests/unit/devstack_data/devstack.bash
source "$HERE/devstack.bash"

# xtrace is on, and has to be on after each.
exec 9> /dev/null
BASH_XTRACEFD=9
set -o xtrace

function traced {
    [[ $- == *x* ]] || die 0 "xtrace is off after $1."
}

# shellcheck source=devstack/override-defaults
source "$plugin/devstack/override-defaults"
traced override-defaults

# lib/glance, as far as it matters.
GLANCE_USE_IMPORT_WORKFLOW=$(trueorfalse False GLANCE_USE_IMPORT_WORKFLOW)
GLANCE_ENABLE_MULTIPLE_STORES=$(trueorfalse False GLANCE_ENABLE_MULTIPLE_STORES)
GLANCE_MULTIPLE_FILE_STORES=${GLANCE_MULTIPLE_FILE_STORES:-fast}
GLANCE_DEFAULT_BACKEND=${GLANCE_DEFAULT_BACKEND:-fast}
GLANCE_MULTISTORE_FILE_IMAGE_DIR=$DATA_DIR/glance
GLANCE_CONF_DIR=$TOP/etc/glance
GLANCE_API_CONF=$GLANCE_CONF_DIR/glance-api.conf
GLANCE_IMAGE_IMPORT_CONF=$GLANCE_CONF_DIR/glance-image-import.conf

# What is not deleted before: like its model, it sets one option after another.
function configure_glance {
    local backends store
    mkdir -p "$GLANCE_CONF_DIR" "$(dirname "$NOVA_CONF")" \
        "$(dirname "$TEMPEST_CONFIG")"
    iniset "$GLANCE_API_CONF" DEFAULT debug True
    iniset "$GLANCE_API_CONF" database connection \
        mysql+pymysql://root:secret@127.0.0.1/glance
    if [[ $GLANCE_ENABLE_MULTIPLE_STORES == True ]]; then
        backends=
        for store in ${GLANCE_MULTIPLE_FILE_STORES//,/ }; do
            backends+=$store:file,
        done
        iniset "$GLANCE_API_CONF" DEFAULT enabled_backends "${backends%,}"
        iniset "$GLANCE_API_CONF" glance_store default_backend \
            "$GLANCE_DEFAULT_BACKEND"
        # And no store has a directory: its loop is over nothing.
        for store in staging tasks; do
            iniset "$GLANCE_API_CONF" "os_glance_${store}_store" \
                filesystem_store_datadir \
                "$GLANCE_MULTISTORE_FILE_IMAGE_DIR/os_glance_${store}_store/"
        done
    fi
    iniset "$GLANCE_API_CONF" DEFAULT worker_self_reference_url \
        http://127.0.0.1:60999
    iniset "$GLANCE_IMAGE_IMPORT_CONF" image_import_opts \
        image_import_plugins "${PLUGINS:-[]}"
    iniset "$NOVA_CONF" DEFAULT debug True
}

# devstack-plugin-ceph, with its names.
function configure_ceph {
    iniset "$GLANCE_API_CONF" DEFAULT enabled_backends \
        robust_rbd:rbd,fast:file
    iniset "$GLANCE_API_CONF" glance_store default_backend robust_rbd
    iniset "$GLANCE_API_CONF" robust_rbd rbd_store_pool images
}

# shellcheck source=devstack/settings
source "$plugin/devstack/settings"
traced settings

if [[ ! -x $LIFECYCLE_BIN_DIR/python3 ]]; then
    mkdir -p "$LIFECYCLE_BIN_DIR"
    printf '#!/bin/bash\necho "glance-lifecycle-manage $*" >> %s\n' "$CALLS" \
        > "$LIFECYCLE_BIN_DIR/glance-lifecycle-manage"
    touch "$LIFECYCLE_BIN_DIR/python3"
    chmod +x "$LIFECYCLE_BIN_DIR"/*
fi

# A file that [lifecycle] would be, if the shell looked for one.
cd "$TOP"
touch l

function phase {
    echo "-- $*" >> "$CALLS"
    # shellcheck source=devstack/plugin.sh
    source "$plugin/devstack/plugin.sh" "$@"
    traced "$*"
}

case "$3" in
    stack)
        phase source
        phase stack pre-install
        phase stack install
        configure_glance
        if [[ ${CEPH:-} == True ]]; then
            configure_ceph
        fi
        # What is there without the plugin, for who wants to compare.
        if [[ ! -d $TOP/stock ]]; then
            cp -r "$TOP/etc" "$TOP/stock"
        fi
        phase stack post-config
        _called "start glance-api"
        phase stack extra
        rm -f "$TEMPEST_CONFIG"
        phase stack test-config
        ;;
    unstack|clean)
        phase source
        phase "$3"
        ;;
esac
rm l
