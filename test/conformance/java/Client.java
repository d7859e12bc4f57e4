import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.parser.IParser;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.api.PreferReturnEnum;
import ca.uhn.fhir.rest.api.SearchStyleEnum;
import ca.uhn.fhir.rest.client.api.IClientInterceptor;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.api.IHttpRequest;
import ca.uhn.fhir.rest.client.api.IHttpResponse;
import ca.uhn.fhir.rest.client.api.ServerValidationModeEnum;
import ca.uhn.fhir.rest.gclient.ReferenceClientParam;
import ca.uhn.fhir.rest.gclient.TokenClientParam;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import ca.uhn.fhir.rest.server.exceptions.PreconditionFailedException;
import ca.uhn.fhir.rest.server.exceptions.ResourceNotFoundException;
import ca.uhn.fhir.rest.server.exceptions.UnprocessableEntityException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.Bundle.BundleEntryComponent;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.Communication;
import org.hl7.fhir.r4.model.IdType;
import org.hl7.fhir.r4.model.MessageHeader;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Organization;
import org.hl7.fhir.r4.model.Parameters;
import org.hl7.fhir.r4.model.Resource;
import org.hl7.fhir.r4.model.ServiceRequest;
import org.hl7.fhir.r4.model.StringType;
import org.hl7.fhir.r4.model.Subscription;
import org.hl7.fhir.r4.model.Task;

/**
 * The documented uses of the hub, by the generic client of HAPI FHIR as it is: {@code java Client.java <hub> <issuer> <examples>}.
 * Beside it there is an interceptor for token and proof (docs/identity.md). Prints a line for each use. Ends with 1 if one fails.
 */
public class Client {
  private static final FhirContext R4 = FhirContext.forR4();
  private static final String BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/";
  private static final String TOPIC = "https://luftbro.example/fhir/SubscriptionTopic/mission-event";
  private static final String ORGANISATION_NUMBER = "urn:oid:2.16.578.1.12.4.1.4.101";
  private static final String REQUESTER = "311000012";
  private static final String COORDINATOR = "312000016";

  /** A token that is bound to a key, and a proof of the key for each request (RFC 9449). */
  private static class Dpop implements IClientInterceptor {
    private final ECKey key;
    private final String token;

    Dpop(String issuer, String client) throws Exception {
      key = new ECKeyGenerator(Curve.P_256).generate();
      String form = "grant_type=client_credentials&client_id=" + client;
      HttpRequest request =
          HttpRequest.newBuilder(URI.create(issuer + "/token"))
              .header("Content-Type", "application/x-www-form-urlencoded")
              .header("DPoP", proof("POST", issuer + "/token", null))
              .POST(HttpRequest.BodyPublishers.ofString(form))
              .build();
      HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
      token = new ObjectMapper().readTree(answer.body()).get("access_token").asText();
    }

    private String proof(String method, String url, String forToken) throws Exception {
      JWSHeader header =
          new JWSHeader.Builder(JWSAlgorithm.ES256).type(new JOSEObjectType("dpop+jwt")).jwk(key.toPublicJWK()).build();
      JWTClaimsSet.Builder claims =
          new JWTClaimsSet.Builder()
              .jwtID(UUID.randomUUID().toString())
              .claim("htm", method)
              .claim("htu", url.replaceFirst("[?#].*$", ""))
              .issueTime(new Date());
      if (forToken != null) {
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(forToken.getBytes(StandardCharsets.US_ASCII));
        claims.claim("ath", Base64URL.encode(digest).toString());
      }
      SignedJWT signed = new SignedJWT(header, claims.build());
      signed.sign(new ECDSASigner(key));
      return signed.serialize();
    }

    @Override
    public void interceptRequest(IHttpRequest request) {
      try {
        request.addHeader("Authorization", "DPoP " + token);
        request.addHeader("DPoP", proof(request.getHttpVerbName(), request.getUri(), token));
      } catch (Exception failure) {
        throw new IllegalStateException(failure);
      }
    }

    @Override
    public void interceptResponse(IHttpResponse response) {}
  }

  private interface Use {
    void run() throws Exception;
  }

  private static boolean allWork = true;

  private static void use(String what, Use use) {
    try {
      use.run();
      System.out.println("works\t" + what);
    } catch (Throwable failure) {
      allWork = false;
      String body = failure instanceof BaseServerResponseException refused ? " " + refused.getResponseBody() : "";
      System.out.println("fails\t" + what + "\t" + (failure.getMessage() + body).replaceAll("\\s+", " "));
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }

  private static String hub;
  private static String issuer;
  private static Path examples;

  private static IGenericClient clientOf(String name) throws Exception {
    IGenericClient client = R4.newRestfulGenericClient(hub);
    client.setEncoding(EncodingEnum.JSON);
    client.registerInterceptor(new Dpop(issuer, name));
    return client;
  }

  /** An example, as this library parses it: HAPI takes ids from fullUrl and writes them back there. */
  private static Bundle example(String file) throws IOException {
    return R4.newJsonParser().parseResource(Bundle.class, Files.readString(examples.resolve(file)));
  }

  /** An answer to a Task: its id is the one that the hub gave, so the parser must not replace it by fullUrl. */
  private static Bundle answerIn(String file) throws IOException {
    IParser parser = R4.newJsonParser().setOverrideResourceIdWithBundleEntryFullUrl(false);
    return parser.parseResource(Bundle.class, Files.readString(examples.resolve(file)));
  }

  private static Bundle send(IGenericClient client, Bundle message) {
    return client.operation().processMessage().setMessageBundle(message).synchronous(Bundle.class).execute();
  }

  private static MessageHeader headerOf(Bundle message) {
    return (MessageHeader) message.getEntryFirstRep().getResource();
  }

  private static Subscription subscriptionTo(String endpoint) {
    Subscription subscription = new Subscription();
    subscription.setStatus(Subscription.SubscriptionStatus.REQUESTED).setReason("HAPI FHIR").setCriteria(TOPIC);
    subscription
        .getChannel()
        .setType(Subscription.SubscriptionChannelType.RESTHOOK)
        .setEndpoint(endpoint)
        .setPayload("application/fhir+json");
    subscription
        .getChannel()
        .getPayloadElement()
        .addExtension(BACKPORT + "backport-payload-content", new org.hl7.fhir.r4.model.CodeType("id-only"));
    return subscription;
  }

  /** The subscription after its handshake, which changes its version. */
  private static Subscription active(IGenericClient client, IdType id) throws InterruptedException {
    for (int tries = 0; tries < 300; tries += 1) {
      Subscription read = client.read().resource(Subscription.class).withId(id).execute();
      if (read.getStatus() == Subscription.SubscriptionStatus.ACTIVE) return read;
      Thread.sleep(100);
    }
    throw new IllegalStateException("is not active within 30 s");
  }

  private static Set<String> idsOn(Bundle page) {
    Set<String> ids = new TreeSet<>();
    for (BundleEntryComponent entry : page.getEntry()) ids.add(entry.getResource().getIdElement().toUnqualifiedVersionless().getValue());
    return ids;
  }

  private static void notFound(Use use, Class<? extends BaseServerResponseException> wanted) throws Exception {
    try {
      use.run();
    } catch (BaseServerResponseException refused) {
      check(wanted.isInstance(refused), "is answered " + refused.getStatusCode());
      check(refused.getOperationOutcome() instanceof OperationOutcome, "has no OperationOutcome");
      return;
    }
    throw new IllegalStateException("is not refused");
  }

  private static String mission;

  public static void main(String[] arguments) throws Exception {
    hub = arguments[0];
    issuer = arguments[1];
    examples = Path.of(arguments[2]);
    String endpoint = arguments[3];
    R4.getRestfulClientFactory().setServerValidationMode(ServerValidationModeEnum.ONCE);
    R4.getRestfulClientFactory().setSocketTimeout(60_000);
    IGenericClient amk = clientOf("amk-innlandet");
    IGenericClient coordinator = clientOf("amk-la-oslo");

    use("reads the CapabilityStatement", () -> {
      CapabilityStatement statement = amk.capabilities().ofType(CapabilityStatement.class).execute();
      check(statement.getFhirVersion().toCode().startsWith("4.0"), "is not R4");
    });

    use("subscribes", () -> {
      MethodOutcome created = coordinator.create().resource(subscriptionTo(endpoint)).prefer(PreferReturnEnum.REPRESENTATION).execute();
      check(created.getCreated(), "is not created");
      Subscription read = coordinator.read().resource(Subscription.class).withId(created.getId().toUnqualifiedVersionless()).execute();
      check(read.getCriteria().equals(TOPIC), "is another subscription");
    });
    use("subscribes once by a conditional create", () -> {
      MethodOutcome again =
          coordinator.create().resource(subscriptionTo(endpoint)).conditionalByUrl("Subscription?url=" + endpoint).execute();
      check(!Boolean.TRUE.equals(again.getCreated()), "is created again");
    });
    use("updates and deletes a subscription", () -> {
      IdType id = new IdType(coordinator.create().resource(subscriptionTo(endpoint + "/2")).execute().getId().getValue()).toUnqualifiedVersionless();
      Subscription other = active(coordinator, id);
      other.setReason("changed");
      MethodOutcome updated = coordinator.update().resource(other).execute();
      check(((Subscription) updated.getResource()).getReason().equals("changed"), "is not changed");
      coordinator.delete().resourceById(updated.getId().toUnqualifiedVersionless()).execute();
    });

    // Without subscribers the hub would alert people, in entries of the mission that the examples do not have.
    for (String party : new String[] {"amk-innlandet", "operator-lorenskog", "hospital-ulleval"}) {
      IGenericClient client = clientOf(party);
      active(client, new IdType(client.create().resource(subscriptionTo(endpoint)).execute().getId().getValue()).toUnqualifiedVersionless());
    }

    use("checks a message by $validate", () -> {
      OperationOutcome outcome =
          amk.operation().onServer().named("$validate")
              .withParameter(Parameters.class, "resource", example("mission-request.json"))
              .returnResourceType(OperationOutcome.class).execute();
      check(outcome.getIssue().stream().noneMatch(issue -> issue.getSeverity() == OperationOutcome.IssueSeverity.ERROR), "has errors");
    });
    use("sends a request and reads the answer", () -> {
      Bundle request = example("mission-request.json");
      Bundle answer = send(amk, request);
      MessageHeader header = headerOf(answer);
      check(header.getResponse().getCode() == MessageHeader.ResponseType.OK, "is not ok");
      mission = header.getFocusFirstRep().getIdentifier().getValue();
      check(mission != null, "names no mission");
    });
    use("reads back by the references of the answer", () -> {
      MessageHeader header = headerOf(send(amk, example("mission-request.json")));
      int read = 0;
      for (org.hl7.fhir.r4.model.Reference focus : header.getFocus()) {
        if (!focus.hasReference()) continue;
        IdType id = new IdType(focus.getReference());
        check(amk.read().resource(id.getResourceType()).withId(id.toUnqualifiedVersionless()).execute() != null, "cannot be read");
        read += 1;
      }
      check(read > 0, "has no reference in focus");
    });
    use("plays the first mission to its end", () -> {
      for (String[] step : new String[][] {
        {"acknowledgement.json", "amk-la-oslo"}, {"mission-decision.json", "amk-la-oslo"}, {"resource-request.json", "amk-la-oslo"},
        {"resource-response.json", "operator-lorenskog"}, {"resource-status.json", "operator-lorenskog"},
        {"prearrival-notification.json", "operator-lorenskog"}, {"prearrival-response.json", "hospital-ulleval"},
        {"mission-update.json", "amk-innlandet"}, {"mission-cancel.json", "amk-innlandet"}}) {
        Bundle answer;
        try {
          answer = send(clientOf(step[1]), answerIn(step[0]));
        } catch (BaseServerResponseException refused) {
          throw new IllegalStateException(step[0] + " " + refused.getResponseBody());
        }
        MessageHeader header = headerOf(answer);
        check(header.getResponse().getCode() == MessageHeader.ResponseType.OK, step[0] + " is not ok");
      }
    });

    use("reads the mission, and again by its version", () -> {
      ServiceRequest read = amk.read().resource(ServiceRequest.class).withId(mission).execute();
      check(read.getMeta().getVersionId() != null, "has no version");
      ServiceRequest same = amk.read().resource(ServiceRequest.class).withId(mission).ifVersionMatches(read.getMeta().getVersionId()).returnNull().execute();
      check(same == null, "is not unchanged");
      ServiceRequest old = amk.read().resource(ServiceRequest.class).withIdAndVersion(mission, "1").execute();
      check(old.getMeta().getVersionId().equals("1"), "is another version");
    });
    use("reads the history of the mission", () -> {
      Bundle history = amk.history().onInstance(new IdType("ServiceRequest", mission)).returnBundle(Bundle.class).execute();
      check(history.getType() == Bundle.BundleType.HISTORY && history.hasEntry(), "is no history");
    });
    use("pages through its own missions and Tasks", () -> {
      Bundle tasks =
          coordinator.search().forResource(Task.class).where(Task.OWNER.hasId("Organization/" + COORDINATOR)).count(1).returnBundle(Bundle.class).execute();
      List<String> seen = new ArrayList<>(idsOn(tasks));
      for (Bundle page = tasks; page.getLink(Bundle.LINK_NEXT) != null; ) {
        page = coordinator.loadPage().next(page).execute();
        check(page.hasEntry(), "has an empty page");
        seen.addAll(idsOn(page));
      }
      check(!seen.isEmpty() && seen.stream().distinct().count() == seen.size(), "shows a Task twice");
      Bundle missions =
          amk.search().forResource(ServiceRequest.class)
              .where(new ReferenceClientParam("requester").hasId("Organization/" + REQUESTER)).returnBundle(Bundle.class).execute();
      check(idsOn(missions).contains("ServiceRequest/" + mission), "lacks the mission");
    });
    use("searches by POST", () -> {
      Bundle found =
          amk.search().forResource(Task.class).where(new ReferenceClientParam("based-on").hasId("ServiceRequest/" + mission))
              .usingStyle(SearchStyleEnum.POST).returnBundle(Bundle.class).execute();
      check(found.hasEntry(), "finds nothing");
    });
    use("searches by identifier, name and status", () -> {
      Bundle own =
          amk.search().forResource(Organization.class)
              .where(new TokenClientParam("identifier").exactly().systemAndCode(ORGANISATION_NUMBER, REQUESTER)).returnBundle(Bundle.class).execute();
      check(own.getEntry().size() == 1, "finds " + own.getEntry().size());
      Bundle named = amk.search().forResource(Organization.class).where(Organization.NAME.contains().value("Innlandet")).returnBundle(Bundle.class).execute();
      check(named.hasEntry(), "finds nobody by name");
      Bundle closed =
          coordinator.search().forResource(Task.class).where(Task.OWNER.hasId("Organization/" + COORDINATOR))
              .and(Task.STATUS.exactly().codes("cancelled", "completed")).returnBundle(Bundle.class).execute();
      check(closed.hasEntry(), "finds no closed Task");
    });
    use("counts by _summary=count", () -> {
      Bundle counted =
          coordinator.search().forResource(Task.class).where(Task.OWNER.hasId("Organization/" + COORDINATOR))
              .summaryMode(ca.uhn.fhir.rest.api.SummaryEnum.COUNT).returnBundle(Bundle.class).execute();
      check(counted.hasTotal(), "has no total");
    });
    use("reads receipts", () -> {
      Bundle receipts =
          amk.search().forResource(Communication.class).where(new ReferenceClientParam("part-of").hasId("ServiceRequest/" + mission)).returnBundle(Bundle.class).execute();
      check(receipts.hasEntry(), "finds none");
    });
    use("fetches status and events of a subscription", () -> {
      Bundle own = coordinator.search().forResource(Subscription.class).returnBundle(Bundle.class).execute();
      IdType id = own.getEntryFirstRep().getResource().getIdElement().toUnqualifiedVersionless();
      Bundle status = coordinator.operation().onInstance(id).named("$status").withNoParameters(Parameters.class).useHttpGet().returnResourceType(Bundle.class).execute();
      check(status.getEntryFirstRep().getResource() instanceof Parameters, "has no Parameters");
      Bundle events =
          coordinator.operation().onInstance(id).named("$events")
              .withParameter(Parameters.class, "eventsSinceNumber", new StringType("1")).useHttpGet().returnResourceType(Bundle.class).execute();
      check(events.hasEntry(), "is empty");
    });
    use("reads refusals as OperationOutcome", () -> {
      notFound(() -> amk.read().resource(ServiceRequest.class).withId("00000000-0000-4000-8000-000000000000").execute(), ResourceNotFoundException.class);
      Bundle wrong = example("mission-request.json");
      headerOf(wrong).setId("urn:uuid:" + UUID.randomUUID());
      wrong.getEntryFirstRep().setFullUrl(headerOf(wrong).getId());
      headerOf(wrong).getFocus().clear();
      notFound(() -> send(amk, wrong), UnprocessableEntityException.class);
      Resource subscription = coordinator.search().forResource(Subscription.class).returnBundle(Bundle.class).execute().getEntryFirstRep().getResource();
      notFound(() -> coordinator.update().resource(subscription).withId(subscription.getIdElement().withVersion("999")).execute(), PreconditionFailedException.class);
    });
    System.exit(allWork ? 0 : 1);
  }
}
