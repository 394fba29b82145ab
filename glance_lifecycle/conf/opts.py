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

"""All options of the package, for oslo-config-generator."""

from oslo_config import cfg

from glance_lifecycle.conf import file_key_manager
from glance_lifecycle.conf import lifecycle
from glance_lifecycle.conf import protection
from glance_lifecycle.conf import signing
from glance_lifecycle.conf import transfer
from glance_lifecycle.conf import worker

_MODULES = (lifecycle, transfer, signing, protection, file_key_manager,
            worker)


def list_opts() -> list[tuple[cfg.OptGroup, list[cfg.Opt]]]:
    return [(module.GROUP, module.OPTS) for module in _MODULES]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register every group; safe to call again."""
    for module in _MODULES:
        module.register_opts(conf)
