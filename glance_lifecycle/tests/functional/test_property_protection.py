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

"""The property protection files of etc/, read by Glance's own code."""

import os
from typing import Any
import unittest

from glance.api import policy
from glance.common import property_utils
from glance import context as glance_context
from oslo_config import cfg
from oslo_config import fixture as config_fixture
from oslo_policy import opts as policy_opts

ETC = os.path.join(os.path.dirname(__file__), '..', '..', '..', 'etc',
                   'glance')


class PropertyProtectionTestCase(unittest.TestCase):

    def rules(self, rule_format: str, name: str) -> Any:
        fixture = config_fixture.Config(cfg.CONF)
        fixture.setUp()
        self.addCleanup(fixture.cleanUp)
        fixture.config(
            property_protection_file=os.path.join(ETC, name),
            property_protection_rule_format=rule_format)
        cfg.CONF([], project='glance', default_config_files=[])
        # They are registered by the first enforcer only.
        policy_opts.set_defaults(cfg.CONF)
        fixture.config(group='oslo_policy', policy_file=os.path.join(
            ETC, 'policy-lifecycle.yaml'))
        # Glance keeps the parser between two readings.
        property_utils.CONFIG.clear()
        return property_utils.PropertyRules(policy.Enforcer())

    def check(self, rules: Any) -> None:
        for operation in ('create', 'update', 'delete'):
            # MySQL and MariaDB compare names without case.
            for name in ('lifecycle_attestation', 'lifecycle_source_x',
                         'Lifecycle_attestation', 'LIFECYCLE_X'):
                for roles, service_roles, allowed in (
                        (['member'], [], False), (['reader'], [], False),
                        ([], [], False), (['manager'], [], False),
                        # By way of Nova with a service token.
                        (['member'], ['service'], False),
                        (['admin'], [], True),
                        (['lifecycle_service'], [], True)):
                    self.assertEqual(allowed, self.allowed(
                        rules, name, operation, roles, service_roles),
                        (operation, name, roles, service_roles))
            for name in ('os_distro', 'img_signature', 'my_lifecycle_x',
                         'os_glance_import_task'):
                self.assertTrue(self.allowed(
                    rules, name, operation, ['member'], []), name)
        self.assertTrue(self.allowed(
            rules, 'lifecycle_attestation', 'read', ['reader'], []))

    def allowed(self, rules: Any, name: str, operation: str,
                roles: list[str], service_roles: list[str]) -> bool:
        context = glance_context.RequestContext(
            roles=list(roles), service_roles=list(service_roles),
            user_id='u', project_id='p', is_admin='admin' in roles)
        return bool(rules.check_property_rules(name, operation, context))

    def test_roles(self) -> None:
        self.check(self.rules('roles', 'property-protections-lifecycle.conf'))

    def test_policies(self) -> None:
        self.check(self.rules(
            'policies', 'property-protections-lifecycle-policies.conf'))
