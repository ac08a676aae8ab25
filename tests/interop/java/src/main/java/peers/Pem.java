/* SPDX-License-Identifier: Apache-2.0 */
package peers;

import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;

/** Certificates and PKCS#8 keys from PEM files. */
final class Pem {
    private Pem() {
    }

    static X509Certificate[] certificates(String file) throws Exception {
        byte[] pem = Files.readAllBytes(Path.of(file));
        Collection<? extends java.security.cert.Certificate> all = CertificateFactory.getInstance("X.509")
                .generateCertificates(new ByteArrayInputStream(pem));
        return all.toArray(new X509Certificate[0]);
    }

    static PrivateKey key(String file) throws Exception {
        String text = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----", "").replaceAll("\\s", "");
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
    }
}
