/* SPDX-License-Identifier: Apache-2.0 */
package peers;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Collection;

import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.leshan.core.endpoint.Protocol;
import org.eclipse.leshan.core.node.LwM2mNode;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.observation.CompositeObservation;
import org.eclipse.leshan.core.observation.Observation;
import org.eclipse.leshan.core.observation.SingleObservation;
import org.eclipse.leshan.core.request.ContentFormat;
import org.eclipse.leshan.core.request.ExecuteRequest;
import org.eclipse.leshan.core.request.ObserveRequest;
import org.eclipse.leshan.core.request.ReadRequest;
import org.eclipse.leshan.core.request.WriteRequest;
import org.eclipse.leshan.core.response.LwM2mResponse;
import org.eclipse.leshan.core.response.ObserveCompositeResponse;
import org.eclipse.leshan.core.response.ObserveResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.server.LeshanServer;
import org.eclipse.leshan.server.LeshanServerBuilder;
import org.eclipse.leshan.server.observation.ObservationListener;
import org.eclipse.leshan.server.registration.Registration;
import org.eclipse.leshan.server.registration.RegistrationListener;
import org.eclipse.leshan.server.registration.RegistrationUpdate;
import org.eclipse.leshan.servers.security.InMemorySecurityStore;
import org.eclipse.leshan.servers.security.SecurityInfo;
import org.eclipse.leshan.transport.californium.server.endpoint.CaliforniumServerEndpointsProvider;
import org.eclipse.leshan.transport.californium.server.endpoint.coaps.CoapsServerProtocolProvider;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/**
 * Leshan's LwM2M server, with an X.509 identity.
 *
 * <pre>LeshanServerPeer PORT CERT KEY DEVICE-ROOTS ENDPOINT CID-LENGTH (-1: no connection id)</pre>
 *
 * ENDPOINT may be the name of a JSON file: the clients, as the REST API of Leshan's demo server takes them; the first is the one spoken with.
 * DEVICE-ROOTS holds all certificates that clients may descend from. Prints "ready", "registered EP", "updated EP", "gone EP", "notified EP PATH VALUE". Takes
 * lines on standard input: "read PATH [FORMAT]", "write PATH VALUE", "execute PATH", "observe PATH"; answers "CODE VALUE".
 */
public final class LeshanServerPeer {
    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    static String value(LwM2mNode node) {
        if (node instanceof LwM2mResource resource)
            return resource.isMultiInstances() ? resource.getInstances().toString() : String.valueOf(resource.getValue());
        return String.valueOf(node).replace('\n', ' ');
    }

    public static void main(String[] args) throws Exception {
        int port = Integer.parseInt(args[0]), cidLength = Integer.parseInt(args[5]);
        String endpoint = args[4];
        CaliforniumServerEndpointsProvider.Builder transport = new CaliforniumServerEndpointsProvider.Builder(
                new CoapsServerProtocolProvider());
        transport.setConfiguration(c -> c.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, cidLength));
        transport.addEndpoint(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), Protocol.COAPS);

        InMemorySecurityStore security = new InMemorySecurityStore();
        if (endpoint.endsWith(".json")) {
            JsonNode clients = new ObjectMapper().readTree(Path.of(endpoint).toFile());
            for (JsonNode client : clients) {
                if (!client.get("tls").get("mode").asText().equals("x509"))
                    throw new IllegalArgumentException("not x509: " + client);
                security.add(SecurityInfo.newX509CertInfo(client.get("endpoint").asText()));
            }
            endpoint = clients.size() > 0 ? clients.get(0).get("endpoint").asText() : "";
        } else {
            security.add(SecurityInfo.newX509CertInfo(endpoint));
        }
        LeshanServerBuilder builder = new LeshanServerBuilder();
        builder.setEndpointsProviders(transport.build());
        builder.setSecurityStore(security);
        builder.setCertificateChain(Pem.certificates(args[1]));
        builder.setPrivateKey(Pem.key(args[2]));
        builder.setTrustedCertificates(Pem.certificates(args[3]));
        LeshanServer server = builder.build();
        server.getRegistrationService().addListener(new RegistrationListener() {
            @Override
            public void registered(Registration r, Registration previous, Collection<Observation> observations) {
                say("registered " + r.getEndpoint());
            }

            @Override
            public void updated(RegistrationUpdate update, Registration r, Registration previous) {
                say("updated " + r.getEndpoint());
            }

            @Override
            public void unregistered(Registration r, Collection<Observation> observations, boolean expired, Registration next) {
                say("gone " + r.getEndpoint());
            }
        });
        server.getObservationService().addListener(new ObservationListener() {
            @Override
            public void newObservation(Observation observation, Registration registration) {
            }

            @Override
            public void cancelled(Observation observation) {
            }

            @Override
            public void onResponse(SingleObservation o, Registration r, ObserveResponse response) {
                say("notified " + r.getEndpoint() + " " + o.getPath() + " " + value(response.getContent()));
            }

            @Override
            public void onResponse(CompositeObservation o, Registration r, ObserveCompositeResponse response) {
            }

            @Override
            public void onError(Observation o, Registration r, Exception error) {
                say("error " + error);
            }
        });
        server.start();
        say("ready");

        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            try {
                say(answer(server, server.getRegistrationService().getByEndpoint(endpoint), line.split(" ", 3)));
            } catch (Exception e) {
                say("error " + e);
            }
        }
        server.destroy();
        System.exit(0);
    }

    private static String answer(LeshanServer server, Registration r, String[] words) throws Exception {
        String path = words[1];
        String[] ids = path.substring(1).split("/");
        LwM2mResponse response;
        switch (words[0]) {
        case "read":
            ContentFormat format = words.length > 2 ? ContentFormat.fromName(words[2]) : null;
            response = server.send(r, new ReadRequest(format, path), 10000);
            break;
        case "write":
            response = server.send(r, new WriteRequest(Integer.parseInt(ids[0]), Integer.parseInt(ids[1]),
                    Integer.parseInt(ids[2]), words[2]), 10000);
            break;
        case "write-integer":
            response = server.send(r, new WriteRequest(Integer.parseInt(ids[0]), Integer.parseInt(ids[1]),
                    Integer.parseInt(ids[2]), Long.parseLong(words[2])), 10000);
            break;
        case "execute":
            response = server.send(r, new ExecuteRequest(path), 10000);
            break;
        case "observe":
            response = server.send(r, new ObserveRequest(path), 10000);
            break;
        default:
            return "error unknown command " + words[0];
        }
        if (response == null)
            return "timeout";
        String text = response.isSuccess() ? "" : " " + response.getErrorMessage();
        if (response instanceof ReadResponse read && response.isSuccess())
            text = " " + value(read.getContent());
        return response.getCode().getCode() + text;
    }
}
