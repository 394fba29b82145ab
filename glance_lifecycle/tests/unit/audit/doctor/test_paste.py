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
"""glance-api-paste.ini is read as PasteDeploy and Glance read it."""

from glance_lifecycle.audit.doctor import masking
from glance_lifecycle.audit.doctor import paste
from glance_lifecycle.tests.unit.audit.doctor import cases

_TEXT = """\
[composite:glance-api]
/: api
[composite:glance-api-keystone]
paste.composite_factory = glance.api:root_app_factory
/: api
/healthcheck: healthcheck
[composite:api]
paste.composite_factory = glance.api:pipeline_factory
default = cors rootapp
keystone =
    cors authtoken
    context rootapp
[pipeline: glance-api-Ours]
pipeline = cors egg:x#y rootapp
[app:rootapp]
[filter:cors]
paste.filter_factory = oslo_middleware.cors:filter_factory
[filter : authtoken]
"""


class PasteTest(cases.DoctorTestCase):

    def paste(self, flavor: str, text: str = _TEXT) -> paste.Paste | None:
        return paste.of(self.gathered({
            'glance-api.conf': '[paste_deploy]\nflavor = %s\n' % flavor,
            'glance-api-paste.ini': text})[0])

    def test_many(self) -> None:
        found = self.paste('', ''.join(
            '[pipeline:glance-api-%d]\npipeline = a b\n' % one
            for one in range(500)))
        assert found is not None
        every = list(found.pipelines())
        self.assertEqual(200, len(every))
        self.assertEqual([2, 4], [one.place.line for one in every[:2]])

    def test_pipelines(self) -> None:
        for flavor, used in (('', 'default'), ('keystone', 'keystone'),
                             ('Ours', 'Ours'), ('ours', None)):
            found = self.paste(flavor)
            assert found is not None
            every = list(found.pipelines())
            self.assertEqual([
                ('default', ('cors',)),
                ('keystone', ('cors', 'authtoken', 'context')),
                ('Ours', ('cors', 'egg:x#y'))],
                [(one.name, one.filters) for one in every])
            self.assertEqual([9, 10, 14], [one.place.line for one in every])
            self.assertEqual([used] if used else [], [
                one.name for one in every if one.used])
            self.assertEqual(['', 'keystone', 'Ours'], found.flavors)

    def test_filters(self) -> None:
        found = self.paste('keystone')
        assert found is not None
        self.assertEqual(['cors', 'authtoken'], found.filters())
        for name, there in (('cors', True), ('authtoken', True),
                            ('context', False), ('egg:x#y', True)):
            self.assertEqual(there, found.has(name), name)
        self.assertEqual('oslo_middleware.cors:filter_factory',
                         found.factory('cors'))
        self.assertEqual('', found.factory('context'))

    def test_not_at_hand(self) -> None:
        self.assertIsNone(self.paste('keystone\nconfig_file = x.ini'))
        for text in ('', 'nonsense\n', '\0', '[a\n'):
            self.assertIsNone(self.paste('keystone', text), ascii(text))
        with self.assertRaises(masking.Hidden):
            self.paste('*********')
