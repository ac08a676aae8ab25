/* SPDX-License-Identifier: Apache-2.0 */
package peers;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;

import org.eclipse.californium.elements.AddressEndpointContext;
import org.eclipse.californium.elements.DtlsEndpointContext;
import org.eclipse.californium.elements.EndpointContext;
import org.eclipse.californium.elements.MessageCallback;
import org.eclipse.californium.elements.RawData;
import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.DTLSConnector;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.californium.scandium.config.DtlsConfig.DtlsRole;
import org.eclipse.californium.scandium.config.DtlsConnectorConfig;
import org.eclipse.californium.scandium.dtls.cipher.CipherSuite;
import org.eclipse.californium.scandium.dtls.x509.SingleCertificateProvider;
import org.eclipse.californium.scandium.dtls.x509.StaticCertificateVerifier;

/**
 * Californium's DTLS 1.2 with connection ids (RFC 9146) and X.509.
 *
 * <pre>ScandiumPeer client|server PORT CERT KEY PEER-ROOTS SUITE CID-LENGTH (-1: no connection id)</pre>
 *
 * The server echoes each record. The client sends each line of standard input; the line "!resume" makes it do an abbreviated handshake
 * with the next record. Prints "ready", "got TEXT suite=… cid=read/write" a line each, "failed …".
 */
public final class ScandiumPeer {
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static DtlsConnectorConfig.Builder config(String[] args, boolean server) throws Exception {
        DtlsConfig.register();
        Configuration c = new Configuration();
        c.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, Integer.parseInt(args[6]));
        c.set(DtlsConfig.DTLS_ROLE, server ? DtlsRole.SERVER_ONLY : DtlsRole.CLIENT_ONLY);
        c.set(DtlsConfig.DTLS_RECOMMENDED_CIPHER_SUITES_ONLY, false);
        c.setAsList(DtlsConfig.DTLS_CIPHER_SUITES, CipherSuite.getTypeByName(args[5]));
        c.set(DtlsConfig.DTLS_USE_SERVER_NAME_INDICATION, false);
        if (!server)
            c.set(DtlsConfig.DTLS_VERIFY_SERVER_CERTIFICATES_SUBJECT, false);
        DtlsConnectorConfig.Builder b = new DtlsConnectorConfig.Builder(c);
        b.setCertificateIdentityProvider(new SingleCertificateProvider(Pem.key(args[3]), Pem.certificates(args[2])));
        b.setCertificateVerifier(StaticCertificateVerifier.builder().setTrustedCertificates(Pem.certificates(args[4])).build());
        return b;
    }

    private static String seen(RawData data) {
        EndpointContext context = data.getEndpointContext();
        return "got " + new String(data.getBytes(), StandardCharsets.UTF_8) + " suite=" + context.get(DtlsEndpointContext.KEY_CIPHER)
                + " cid=" + context.get(DtlsEndpointContext.KEY_READ_CONNECTION_ID) + "/"
                + context.get(DtlsEndpointContext.KEY_WRITE_CONNECTION_ID) + " from=" + data.getInetSocketAddress().getPort();
    }

    public static void main(String[] args) throws Exception {
        boolean server = args[0].equals("server");
        int port = Integer.parseInt(args[1]);
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        DtlsConnectorConfig.Builder builder = config(args, server);
        builder.setAddress(new InetSocketAddress(loopback, server ? port : 0));
        DTLSConnector connector = new DTLSConnector(builder.build());
        connector.setRawDataReceiver(data -> {
            say(seen(data));
            if (server)
                connector.send(RawData.outbound(data.getBytes(), data.getEndpointContext(), null, false));
        });
        connector.start();
        say("ready");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (line.equals("!resume")) {
                connector.forceResumeAllSessions();
                say("resuming");
            } else {
                connector.send(RawData.outbound(line.getBytes(StandardCharsets.UTF_8),
                        new AddressEndpointContext(new InetSocketAddress(loopback, port)), new MessageCallback() {
                            @Override
                            public void onConnecting() {
                            }

                            @Override
                            public void onDtlsRetransmission(int flight) {
                            }

                            @Override
                            public void onContextEstablished(EndpointContext context) {
                            }

                            @Override
                            public void onSent() {
                            }

                            @Override
                            public void onError(Throwable error) {
                                say("failed " + error.getMessage());
                            }
                        }, false));
            }
        }
        connector.destroy();
        System.exit(0);
    }
}
