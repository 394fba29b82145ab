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

"""The four properties of a signed image, as its builder makes them."""

import base64
import pathlib

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization


def properties(key_path: str, certificate_id: str, data: bytes
               ) -> dict[str, str]:
    """Sign an image's bytes.

    :param key_path: of a private RSA key, PEM
    :param certificate_id: of its certificate in the key manager
    """
    key = serialization.load_pem_private_key(
        pathlib.Path(key_path).read_bytes(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError(f'{key_path} is no RSA key')
    signature = key.sign(
        data, padding.PSS(padding.MGF1(hashes.SHA256()),
                          padding.PSS.MAX_LENGTH), hashes.SHA256())
    return {
        'img_signature': base64.b64encode(signature).decode(),
        'img_signature_hash_method': 'SHA-256',
        'img_signature_key_type': 'RSA-PSS',
        'img_signature_certificate_uuid': certificate_id}
