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

import datetime
import os
from typing import Any

from cryptography import x509
from cryptography.x509 import oid

from glance_lifecycle import exceptions
from glance_lifecycle.signing import trust
from glance_lifecycle.tests.unit.signing import helpers

DAY = helpers.DAY
NOW = helpers.NOW
ROOT_KEY = helpers.key('p384-root')


def ca(common: str = 'root', key: Any = ROOT_KEY, **kwargs: Any
       ) -> x509.Certificate:
    return helpers.certify(key, common, **{
        'ca': True, 'usage': 'key_cert_sign', **kwargs})


class CertificateTestCase(helpers.SigningTestCase):
    """What the certificate itself must be."""

    def check(self, certificate: x509.Certificate, now: Any = NOW,
              **policy: Any) -> list[x509.Certificate]:
        return trust.TrustPolicy(**policy).check(certificate, 'id-1', now)

    def reason(self, expected: str, certificate: x509.Certificate,
               now: Any = NOW, **policy: Any) -> str:
        said = self.refused(expected, self.check, certificate, now, **policy)
        self.assertIn('id-1', said)
        self.assertIn('serial ', said)
        return said

    def test_good(self) -> None:
        certificate = helpers.certificate('p384')
        self.assertEqual([certificate], self.check(certificate))

    def test_dates(self) -> None:
        made = helpers.certify(helpers.key('p384'), not_before=NOW,
                               not_after=NOW + DAY)
        second = datetime.timedelta(seconds=1)
        self.check(made, NOW)
        self.check(made, NOW + DAY)
        said = self.reason('certificate-not-yet-valid', made, NOW - second)
        self.assertIn('2026-03-01 00:00 UTC', said)
        self.assertIn('clocks', said)
        said = self.reason('certificate-expired', made, NOW + DAY + second)
        self.assertIn('expired on 2026-03-02 00:00 UTC', said)
        self.check(made, NOW + 9 * DAY, check_validity=False)

    def test_key_usage(self) -> None:
        key = helpers.key('p384')
        self.check(helpers.certify(key, usage='digital_signature'))
        wrong = helpers.certify(key, usage='key_encipherment')
        self.assertIn('digitalSignature',
                      self.reason('certificate-key-usage', wrong))
        self.check(wrong, check_key_usage=False)

    def test_extended_key_usage(self) -> None:
        key = helpers.key('p384')
        purposes = oid.ExtendedKeyUsageOID
        self.check(helpers.certify(key, purposes=(purposes.CODE_SIGNING,)))
        self.check(helpers.certify(key, purposes=(
            purposes.ANY_EXTENDED_KEY_USAGE,)))
        web = helpers.certify(key, purposes=(purposes.SERVER_AUTH,))
        self.assertIn('web server', self.reason('certificate-key-usage', web))

    def test_weak_keys(self) -> None:
        for kind, policy in (('rsa1024', {}), ('rsa', {'min_rsa_bits': 3072}),
                             ('p256', {'min_ec_bits': 384}),
                             ('dsa', {}), ('dsa', {'allow_dsa': True})):
            said = self.reason('certificate-weak-key',
                               helpers.certificate(kind), **policy)
            self.assertIn('Use RSA of 3072', said)
        self.check(helpers.certificate('dsa'), allow_dsa=True,
                   min_rsa_bits=1024)

    def test_lists(self) -> None:
        made = helpers.certify(helpers.key('p384'), serial=0x0a1b)
        self.assertIn('0A1B', self.reason(
            'certificate-denied', made,
            denied_serials=frozenset([trust.parse_serial('0a:1b')])))
        self.reason('certificate-not-allowed', made,
                    allowed_certificates=frozenset(['other']))
        self.check(made, allowed_certificates=frozenset(['other', 'id-1']),
                   denied_serials=frozenset([1]))

    def test_serials(self) -> None:
        for text in ('0A1B', '0a:1b', ' serial=0A1B\n', '0x0a1b'):
            self.assertEqual(0x0a1b, trust.parse_serial(text))
        for text in ('', 'xyz', 'CN=x'):
            self.assertRaises(exceptions.ConfigurationError,
                              trust.parse_serial, text)

    def test_all_problems(self) -> None:
        made = helpers.certify(
            helpers.key('rsa1024'), usage='key_agreement', serial=7,
            not_after=NOW - DAY)
        policy = trust.TrustPolicy(denied_serials=frozenset([7]),
                                   allowed_certificates=frozenset('x'))
        self.assertEqual(
            ['certificate-denied', 'certificate-not-allowed',
             'certificate-expired', 'certificate-key-usage',
             'certificate-weak-key'],
            [e.reason for e in policy.problems(made, 'id-1', NOW)])

    def test_unknown_critical_extension(self) -> None:
        extension = x509.UnrecognizedExtension(
            x509.ObjectIdentifier('1.2.3.4'), b'\5\0')
        key = helpers.key('p384')
        self.check(helpers.certify(key, extra=((extension, False),)))
        self.assertIn('1.2.3.4', self.reason(
            'certificate-untrusted',
            helpers.certify(key, extra=((extension, True),))))


class ChainTestCase(helpers.SigningTestCase):

    def setUp(self) -> None:
        super().setUp()
        self.root = ca()
        self.middle_key = helpers.key('p384-middle')
        self.middle = ca('middle', self.middle_key,
                         issuer=(self.root, ROOT_KEY))
        self.leaf = self.issue((self.middle, self.middle_key))

    def issue(self, issuer: Any, **kwargs: Any) -> x509.Certificate:
        return helpers.certify(helpers.key('p384'), 'leaf', issuer=issuer,
                               **kwargs)

    def policy(self, *bundle: x509.Certificate, **kwargs: Any
               ) -> trust.TrustPolicy:
        path = self.write('bundle.crt', b''.join(map(helpers.pem, bundle)))
        return trust.TrustPolicy(ca_bundle=path, require_chain=True, **kwargs)

    def untrusted(self, policy: trust.TrustPolicy,
                  leaf: x509.Certificate, now: Any = NOW,
                  reason: str = 'certificate-untrusted') -> str:
        return self.refused(reason, policy.check, leaf, 'id-1', now)

    def test_chain(self) -> None:
        for order in ((self.root, self.middle), (self.middle, self.root)):
            self.assertEqual(
                [self.leaf, self.middle, self.root],
                self.policy(*order).check(self.leaf, 'id-1', NOW))

    def test_direct(self) -> None:
        leaf = self.issue((self.root, ROOT_KEY))
        self.assertEqual([leaf, self.root], self.policy(self.root).check(
            leaf, 'id-1', NOW))

    def test_missing_intermediate(self) -> None:
        said = self.untrusted(self.policy(self.root), self.leaf)
        self.assertIn('named CN=middle, its issuer', said)

    def test_missing_root(self) -> None:
        self.untrusted(self.policy(self.middle), self.leaf)

    def test_other_root_of_the_same_name(self) -> None:
        other = ca(key=helpers.key('p384-other'))
        said = self.untrusted(self.policy(other, self.middle), self.leaf)
        self.assertIn('did not sign', said)
        # It must not hide the right one either.
        self.policy(other, self.root, self.middle).check(
            self.leaf, 'id-1', NOW)

    def test_self_signed_leaf(self) -> None:
        leaf = helpers.certificate('p384')
        self.untrusted(self.policy(self.root), leaf)
        self.assertEqual([leaf], self.policy(self.root, leaf).check(
            leaf, 'id-1', NOW))

    def test_self_signed_leaf_issues_nothing(self) -> None:
        signer = helpers.certify(ROOT_KEY, 'signer')
        said = self.untrusted(self.policy(signer),
                              self.issue((signer, ROOT_KEY)))
        self.assertIn('basicConstraints is missing', said)

    def test_leaf_as_ca(self) -> None:
        # The owner of a good certificate makes another with it.
        for constraint in (None, False):
            good = helpers.certify(
                self.middle_key, 'good', issuer=(self.root, ROOT_KEY),
                ca=constraint)
            said = self.untrusted(self.policy(self.root, good),
                                  self.issue((good, self.middle_key)))
            self.assertIn('not marked as a CA', said)

    def test_path_length(self) -> None:
        for length, good in ((0, False), (1, True)):
            root = ca(path_length=length)
            middle = ca('middle', self.middle_key, issuer=(root, ROOT_KEY))
            policy = self.policy(root, middle)
            leaf = self.issue((middle, self.middle_key))
            if good:
                policy.check(leaf, 'id-1', NOW)
            else:
                self.assertIn('path length', self.untrusted(policy, leaf))

    def test_issuer_usage(self) -> None:
        root = ca(usage='digital_signature')
        self.assertIn('keyUsage', self.untrusted(
            self.policy(root), self.issue((root, ROOT_KEY))))

    def test_issuer_dates(self) -> None:
        for root, word in ((ca(not_after=NOW - DAY), 'expired'),
                           (ca(not_before=NOW + DAY), 'not valid yet')):
            self.assertIn(word, self.untrusted(
                self.policy(root), self.issue((root, ROOT_KEY))))

    def test_weak_issuer(self) -> None:
        key = helpers.key('rsa1024')
        root = ca(key=key)
        self.untrusted(self.policy(root), self.issue((root, key)),
                       reason='certificate-weak-key')

    def test_denied_issuer(self) -> None:
        policy = self.policy(self.root, self.middle, denied_serials=frozenset(
            [self.middle.serial_number]))
        self.untrusted(policy, self.leaf, reason='certificate-denied')

    def test_another_way_than_by_a_bad_issuer(self) -> None:
        """In whatever order the bundle has them."""
        renewed = ca('middle', self.middle_key, issuer=(self.root, ROOT_KEY))
        weak_key = helpers.key('rsa1024')
        weak = ca(key=weak_key)
        crossed = ca('middle', self.middle_key, issuer=(weak, weak_key))
        for bundle in ((self.middle, renewed), (renewed, self.middle)):
            policy = self.policy(self.root, *bundle, denied_serials=frozenset(
                [self.middle.serial_number]))
            self.assertEqual([self.leaf, renewed, self.root],
                             policy.check(self.leaf, 'id-1', NOW))
        several = [weak, crossed, self.middle, self.root]
        for whole in (several, several[::-1]):
            self.assertEqual(
                [self.leaf, self.middle, self.root],
                self.policy(*whole).check(self.leaf, 'id-1', NOW))
        # The only way, or none: it is said which stood in it.
        self.untrusted(self.policy(weak, crossed), self.leaf,
                       reason='certificate-weak-key')
        self.assertIn('CN=other', self.untrusted(self.policy(
            weak, crossed), self.issue((ca('other'), ROOT_KEY))))

    def test_name_constraints_are_not_ignored(self) -> None:
        limit = x509.NameConstraints([x509.DNSName('example.org')], None)
        for critical in (True, False):
            root = ca(extra=((limit, critical),))
            self.assertIn('2.5.29.30', self.untrusted(
                self.policy(root), self.issue((root, ROOT_KEY))))
            leaf = helpers.certify(helpers.key('p384'),
                                   extra=((limit, critical),))
            self.assertIn('2.5.29.30', self.untrusted(
                trust.TrustPolicy(), leaf))

    def test_policies_are_not_ignored(self) -> None:
        for limit in (x509.PolicyConstraints(0, None),
                      x509.InhibitAnyPolicy(0)):
            for critical in (True, False):
                root = ca(extra=((limit, critical),))
                self.assertIn('2.5.29.', self.untrusted(
                    self.policy(root), self.issue((root, ROOT_KEY))))

    def test_purposes_of_a_ca(self) -> None:
        purposes = oid.ExtendedKeyUsageOID
        for good, values in ((False, (purposes.SERVER_AUTH,)),
                             (True, (purposes.SERVER_AUTH,
                                     purposes.CODE_SIGNING)),
                             (True, (purposes.ANY_EXTENDED_KEY_USAGE,))):
            middle = ca('middle', self.middle_key, purposes=values,
                        issuer=(self.root, ROOT_KEY))
            leaf = self.issue((middle, self.middle_key))
            if good:
                self.policy(self.root, middle).check(leaf, 'id-1', NOW)
            else:
                self.assertIn('extendedKeyUsage', self.untrusted(
                    self.policy(self.root, middle), leaf))
            self.policy(self.root, middle, check_key_usage=False).check(
                leaf, 'id-1', NOW)

    def test_renewed_ca_adds_no_length(self) -> None:
        root = ca(path_length=1)
        middle = ca('middle', self.middle_key, issuer=(root, ROOT_KEY))
        key = helpers.key('p384-renewed')
        renewed = ca('middle', key, issuer=(middle, self.middle_key))
        self.assertEqual(4, len(self.policy(root, middle, renewed).check(
            self.issue((renewed, key)), 'id-1', NOW)))

    def test_authority_key_identifier(self) -> None:
        for number, good in ((self.root.serial_number, True), (1, False)):
            leaf = self.issue((self.root, ROOT_KEY), extra=((
                x509.AuthorityKeyIdentifier(
                    None, [x509.DirectoryName(self.root.subject)], number),
                False),))
            if good:
                self.policy(self.root).check(leaf, 'id-1', NOW)
            else:
                self.assertIn('authorityKeyIdentifier', self.untrusted(
                    self.policy(self.root), leaf))

    def test_circle(self) -> None:
        key = self.middle_key
        one = ca('one', ROOT_KEY, issuer=(ca('two', key), key))
        two = ca('two', key, issuer=(one, ROOT_KEY))
        self.untrusted(self.policy(one, two), self.issue((two, key)))

    def test_too_deep(self) -> None:
        issuer = (self.root, ROOT_KEY)
        bundle = [self.root]
        for depth in range(9):
            issuer = (ca('ca%d' % depth, ROOT_KEY, issuer=issuer), ROOT_KEY)
            bundle.append(issuer[0])
        self.assertIn('more than 8', self.untrusted(
            self.policy(*bundle), self.issue(issuer)))

    def test_many_of_one_name(self) -> None:
        bundle = [ca(serial=n + 1) for n in range(120)]
        leaf = self.issue((self.root, self.middle_key))
        self.assertIn('too many', self.untrusted(self.policy(*bundle), leaf))

    def test_bundle_is_read_each_time(self) -> None:
        policy = self.policy(self.root, self.middle)
        policy.check(self.leaf, 'id-1', NOW)
        self.policy(self.root)
        self.untrusted(policy, self.leaf)

    def test_unusable_bundle(self) -> None:
        policy = self.policy(self.root)
        for data in (b'', b'x', helpers.pem(self.root)[:-60]):
            self.write('bundle.crt', data)
            self.assertRaises(exceptions.ConfigurationError, policy.check,
                              self.leaf, 'id-1', NOW)
        os.unlink(os.path.join(self.directory, 'bundle.crt'))
        with self.assertRaises(exceptions.ConfigurationError) as raised:
            policy.check(self.leaf, 'id-1', NOW)
        self.assertIn('No such file', str(raised.exception))

    def test_chain_without_bundle(self) -> None:
        self.assertRaises(exceptions.ConfigurationError, trust.TrustPolicy,
                          require_chain=True)
