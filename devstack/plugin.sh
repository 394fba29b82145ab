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

# devstack/plugin.sh: which phase of stack.sh, unstack.sh and clean.sh does
# what. enable_plugin it after devstack-plugin-ceph and Barbican.

_XTRACE_LIFECYCLE_PLUGIN=$(set +o | grep xtrace)
set +o xtrace

# shellcheck source=devstack/lib/glance-lifecycle
source "$LIFECYCLE_DIR/devstack/lib/glance-lifecycle"

# A host without glance-api has nothing to do.
if is_service_enabled g-api; then
    case "${1:-} ${2:-}" in
        "stack pre-install")
            check_lifecycle
            ;;
        "stack install")
            echo_summary "Installing Glance lifecycle"
            install_lifecycle
            ;;
        "stack post-config")
            # After Glance is configured, before it is started.
            echo_summary "Configuring Glance lifecycle"
            configure_lifecycle
            if [[ $LIFECYCLE_RUN_IN == worker ]]; then
                # stack.sh itself imports images, before the extra phase.
                start_lifecycle
            fi
            ;;
        "stack extra")
            echo_summary "Starting Glance lifecycle"
            if [[ $LIFECYCLE_RUN_IN != worker ]]; then
                start_lifecycle
            fi
            ;;
        "stack test-config")
            configure_lifecycle_tempest
            ;;
        "unstack "*)
            stop_lifecycle
            ;;
        "clean "*)
            # clean.sh has run unstack.sh.
            cleanup_lifecycle
            ;;
    esac
fi

$_XTRACE_LIFECYCLE_PLUGIN
