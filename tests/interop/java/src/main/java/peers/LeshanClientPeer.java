/* SPDX-License-Identifier: Apache-2.0 */
package peers;

import java.net.InetAddress;
import java.util.List;
import java.util.Timer;
import java.util.TimerTask;

import org.eclipse.californium.elements.config.Configuration;
import org.eclipse.californium.scandium.config.DtlsConfig;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.UpdateRequest;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;
import org.eclipse.leshan.core.util.datatype.ULong;
import org.eclipse.leshan.transport.californium.client.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.transport.californium.client.endpoint.coaps.CoapsClientProtocolProvider;

/**
 * Leshan's LwM2M client, with an X.509 identity.
 *
 * <pre>LeshanClientPeer URI ENDPOINT CERT KEY SERVER-ROOT CID-LENGTH (-1: no connection id)</pre>
 *
 * Prints "registered", "refused CODE TEXT", "failed TEXT", "updated", "executed PATH", "written PATH VALUE" a line each. Ends with its
 * standard input. /3/0/15 (time zone) can be written, /3/0/4 (reboot) executed, /3/0/9 (battery) falls by one each second.
 */
public final class LeshanClientPeer {
    private static final int SHORT_SERVER_ID = 123;
    private static final int LIFETIME_SECONDS = 60;
    private static final int TRUST_ANCHOR_ASSERTION = 2; // certificate usage of the Security object

    static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static String reasons(Throwable cause) {
        return cause == null ? "" : cause.getMessage() + "; " + reasons(cause.getCause());
    }

    /** Object 3, small enough to see through. */
    public static final class DeviceObject extends BaseInstanceEnabler {
        private String timeZone = "Europe/Berlin";
        private long battery = 100;

        /** Called once the object knows what it is. */
        void start() {
            new Timer("battery", true).scheduleAtFixedRate(new TimerTask() {
                @Override
                public void run() {
                    battery = battery > 0 ? battery - 1 : 100;
                    fireResourceChange(9);
                }
            }, 1000, 1000);
        }

        @Override
        public ReadResponse read(LwM2mServer server, int resource) {
            switch (resource) {
            case 0:
                return ReadResponse.success(resource, "Eclipse Leshan");
            case 9:
                return ReadResponse.success(resource, battery);
            case 15:
                return ReadResponse.success(resource, timeZone);
            case 16:
                return ReadResponse.success(resource, "U");
            default:
                return super.read(server, resource);
            }
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int resource, LwM2mResource value) {
            if (resource != 15)
                return super.write(server, replace, resource, value);
            timeZone = (String) value.getValue();
            say("written /3/0/15 " + timeZone);
            return WriteResponse.success();
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            say("executed /3/0/" + resource);
            return ExecuteResponse.success();
        }

        @Override
        public List<Integer> getAvailableResourceIds(org.eclipse.leshan.core.model.ObjectModel model) {
            return List.of(0, 4, 9, 15, 16);
        }
    }

    public static void main(String[] args) throws Exception {
        String uri = args[0], endpoint = args[1];
        int cidLength = Integer.parseInt(args[5]);

        ObjectsInitializer objects = new ObjectsInitializer();
        objects.setInstancesForObject(0,
                Security.x509(uri, SHORT_SERVER_ID, Pem.certificates(args[2])[0].getEncoded(), Pem.key(args[3]).getEncoded(),
                        Pem.certificates(args[4])[0].getEncoded(), ULong.valueOf(TRUST_ANCHOR_ASSERTION)));
        objects.setInstancesForObject(1, new Server(SHORT_SERVER_ID, LIFETIME_SECONDS));
        DeviceObject device = new DeviceObject();
        objects.setInstancesForObject(3, device);

        CaliforniumClientEndpointsProvider.Builder transport = new CaliforniumClientEndpointsProvider.Builder(
                new CoapsClientProtocolProvider());
        Configuration configuration = transport.createDefaultConfiguration();
        configuration.set(DtlsConfig.DTLS_CONNECTION_ID_LENGTH, cidLength);
        transport.setConfiguration(configuration);
        transport.setClientAddress(InetAddress.getLoopbackAddress());

        LeshanClientBuilder builder = new LeshanClientBuilder(endpoint);
        builder.setObjects(objects.createAll());
        builder.setTrustStore(List.of(Pem.certificates(args[4])));
        builder.setEndpointsProviders(transport.build());
        LeshanClient client = builder.build();
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
                say("registered");
            }

            @Override
            public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code, String text,
                    Exception cause) {
                say(code != null ? "refused " + code.getCode() + " " + text : "failed " + reasons(cause));
            }

            @Override
            public void onRegistrationTimeout(LwM2mServer server, RegisterRequest request) {
                say("failed timeout");
            }

            @Override
            public void onUpdateSuccess(LwM2mServer server, UpdateRequest request) {
                say("updated");
            }
        });
        device.start();
        client.start();
        for (int c = System.in.read(); c >= 0; c = System.in.read())
            if (c == 'u')
                client.triggerRegistrationUpdate();
        client.destroy(true);
        System.exit(0);
    }
}
