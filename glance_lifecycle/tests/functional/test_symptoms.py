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

"""Symptoms of a real Glance, with real files of what stands beside it."""

import json
import pathlib

from glance_lifecycle.tests.functional.fixtures import openstack
from glance_lifecycle.tests.functional import symptom_case


class SymptomTest(symptom_case.SymptomCase):

    def test_slow_boot(self) -> None:
        api = self.new_api()
        image_id = self.active(api)
        report = self.follow(api, 'slow-boot', image_id)
        self.assertIn('Give --nova-conf of the compute.', report['needed'])
        report = self.follow(
            api, 'slow-boot', image_id, '--nova-conf', self.file(
                'nova.conf', '[libvirt]\nimages_type = rbd\n'))
        self.assertIn('GLC042', self.codes(report))
        self.assertEqual('no', self.answers(report)[
            'Has the image a copy in Ceph?'])
        self.assertNotIn('Give --nova-conf of the compute.',
                         report['needed'])
        report = self.follow(
            api, 'slow-boot', image_id, '--nova-conf', 'compute7=%s'
            % self.file('nova.conf', '[libvirt]\nimages_type = qcow2\n'))
        [one] = [one for one in report['findings']
                 if one['code'] == 'GLC043']
        self.assertEqual('%s/nova.conf' % self.work,
                         one['places'][0]['path'])

    def test_signature(self) -> None:
        api = self.new_api()
        image_id = self.active(api)
        report = self.follow(
            api, 'signature', image_id, '--nova-conf', self.file(
                'nova.conf', '[glance]\nverify_glance_signatures = true\n'),
            code=1)
        self.assertIn('GLC045', self.codes(report))

    def test_cache_full(self) -> None:
        api = self.new_api()
        report = self.follow(api, 'cache-full')
        self.assertIn('no', self.answers(report).values())
        self.assertTrue(any('glance-lifecycle-compute-cache' in one
                            for one in report['needed']))

    def test_missing_store(self) -> None:
        api = self.new_api()
        image_id = self.active(api)
        report = self.follow(api, 'missing-store', image_id)
        self.assertNotIn('GLC047', self.codes(report))
        # A store that is added without a restart is not served.
        path = pathlib.Path(api.etc, 'glance-api.conf')
        path.write_text(path.read_text().replace(
            'enabled_backends = ', 'enabled_backends = s9:file, '))
        report = self.follow(api, 'missing-store', image_id, code=1)
        self.assertEqual(['store s9'], [
            one['subject'] for one in report['findings']
            if one['code'] == 'GLC047'])

    def test_upload_fails(self) -> None:
        policy = self.file('policy-of-images.yaml', json.dumps({
            'version': 1, 'rules': [{
                'name': 'small', 'require': {'max_virtual_size': '1 B'}}]}))
        policy.chmod(0o644)
        api = self.new_api(conf={'lifecycle': {'policy_file': policy}})
        image_id = self.staged(api.user(), b'x' * 1000, 'raw')
        api.user().import_image(image_id)
        api.user().wait_import(image_id)
        report = self.follow(api, 'upload-fails', image_id, '--read-log',
                             api.log, code=1)
        self.assertEqual('yes', self.answers(report)[
            'Did a task say what is wrong?'])
        self.assertTrue(any('rule small' in one['evidence']
                            for one in report['findings']))

    def test_public_by_accident(self) -> None:
        api = self.new_api()
        image_id = self.active(api)
        report = self.follow(api, 'public-by-accident', image_id)
        self.assertEqual('no', self.answers(report)['Is the image public?'])
        api.user('admin', 'admin', ('admin',)).update(
            image_id, visibility='public')
        report = self.follow(api, 'public-by-accident', image_id,
                             '--read-log', api.log)
        self.assertIn('GLC049', self.codes(report))
        self.assertEqual('yes', self.answers(report)[
            'Do the logs show who changed it?'])

    def test_several_hosts(self) -> None:
        """Each by its files, and each asked itself."""
        first = self.new_api()
        second = self.new_api(stores={'s1': 'file'}, conf={
            'DEFAULT': {'image_size_cap': 100}})
        image_id = self.active(first)
        hosts = {'api1': first, 'api2': second}
        urls = [word for one in hosts.values()
                for word in ('--api-url', one.url)]
        report = self.follow(first, 'missing-store', image_id, *urls,
                             hosts=hosts, code=1)
        self.assertLessEqual({'GLC504', 'GLC913', 'GLC047'},
                             self.codes(report))
        self.assertEqual({first.url: 'yes', second.url: 'no'}, {
            one.url: self.answers(report)[
                f'Has the glance-api at {one.url} each store?']
            for one in hosts.values()})
        self.assertEqual({'store s2', 'store s3'}, {
            one['subject'] for one in report['findings']
            if one['code'] == 'GLC047'})
        report = self.follow(first, 'upload-fails', image_id, *urls,
                             hosts=hosts, code=1)
        self.assertEqual(['no', 'yes'], [
            self.answers(report)[
                f'Is the image larger than Glance takes, on {one}?']
            for one in hosts])
        # One whose files are not named is asked all the same.
        report = self.follow(second, 'missing-store', '--api-url', first.url,
                             '--api-url', 'http://127.0.0.1:1', code=4)
        self.assertIn('GLC912', self.codes(report))

    def test_caches(self) -> None:
        """Each glance-api answers for its own only."""
        apis = [self.new_api() for _one in range(2)]
        hosts = {f'api{number}': one for number, one in enumerate(apis)}
        report = self.follow(apis[0], 'cache-full', hosts=hosts)
        self.assertTrue(any('--api-url' in one for one in report['needed']))
        report = self.follow(
            apis[0], 'cache-full', *(
                word for one in apis for word in ('--api-url', one.url)),
            hosts=hosts)
        self.assertFalse(any('--api-url' in one for one in report['needed']))
        self.assertLessEqual({f'Has {one.url} a cache?' for one in apis},
                             {*self.answers(report)})

    def test_other_files(self) -> None:
        api = self.new_api()
        (self.work / 'rules').mkdir()
        self.file('rules/policy.yaml', 'publicize_image: "@"\n')
        report = self.follow(api, 'public-by-accident')
        self.assertNotIn('GLC707', self.codes(report))
        report = self.follow(api, 'public-by-accident', '--policy-dir',
                             self.work / 'rules')
        self.assertIn('GLC707', self.codes(report))
        self.assertNotIn('GLC407', self.codes(
            self.follow(api, 'upload-fails')))
        report = self.follow(api, 'upload-fails', '--uwsgi', self.file(
            'glance.ini', '[uwsgi]\nmodule = glance.wsgi.api\n'))
        self.assertIn('GLC407', self.codes(report))
        # What only a host itself knows, where it is said to be this one.
        path = self.file('user.ini', '[uwsgi]\nmodule = glance.wsgi.api\n'
                         'uid = nobody-that-there-is\n')
        self.assertNotIn('GLC306', self.codes(self.follow(
            api, 'upload-fails', '--uwsgi', path)))
        self.assertIn('GLC306', self.codes(self.follow(
            api, 'upload-fails', '--uwsgi', path, '--this-host')))

    def test_wrong(self) -> None:
        api = self.new_api()
        for argv in ((), ('--symptom', 'x'), ('--all-stuck', '--symptom',
                                              'slow-boot'),
                     ('--symptom', 'slow-boot', '--nova-conf', '/none'),
                     ('--nova-conf', '/none', 'x'),
                     ('--host', f'a={api.etc}', 'x'),
                     ('--all-stuck', '--uwsgi', '/none'),
                     ('--symptom', 'signature', '--api-url', api.url),
                     ('--symptom', 'signature', '--host', 'a=/none'),
                     ('--symptom', 'signature', '--host', f'a={api.etc}',
                      '--config-dir', str(api.etc)),
                     ('--symptom', 'signature', '--host', f'a={api.etc}',
                      '--host', f'a={api.etc}'),
                     ('--symptom', 'signature', '--host', f'a={api.etc}',
                      '--this-host')):
            answer = openstack.OpenStack(api).run(
                'image', 'lifecycle', 'diagnose', *argv)
            self.assertNotEqual(0, answer.code, argv)
            self.assertNotIn('Traceback', answer.stderr)
