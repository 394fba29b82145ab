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

"""What tempest loads."""

import pathlib
from typing import Any

from oslo_config import cfg
from tempest.test_discover import plugins

from glance_lifecycle_tempest_plugin import config

_HERE = pathlib.Path(__file__).resolve().parent


class GlanceLifecyclePlugin(plugins.TempestPlugin):

    def load_tests(self) -> tuple[str, str]:
        return str(_HERE / 'tests'), str(_HERE.parent)

    def register_opts(self, conf: cfg.ConfigOpts) -> None:
        conf.register_opt(config.service_option, group='service_available')
        conf.register_group(config.lifecycle_group)
        conf.register_opts(config.LifecycleGroup,
                           group=config.lifecycle_group)

    def get_opt_lists(self) -> list[tuple[str, list[Any]]]:
        return [('service_available', [config.service_option]),
                (config.lifecycle_group.name, config.LifecycleGroup)]
