import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport.IssueSeverity;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import ca.uhn.fhir.validation.ValidationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.CodeSystem;
import org.hl7.fhir.r4.model.StructureDefinition;
import org.hl7.fhir.r4.model.ValueSet;
import org.hl7.fhir.r5.utils.validation.constants.BestPracticeWarningLevel;

/**
 * Validates resources with the validator of HAPI FHIR: {@code java Validate.java <answers> <definitions> ...}. The definitions
 * are folders of profiles, code systems and value sets beside those of R4. Prints one line per finding (severity, file, path and
 * message, separated by tabs) and one with the number of files. Ends with 1 if a finding is an error.
 */
public class Validate {
  private static final int THREADS = 2;

  private static List<Path> jsonIn(String folder) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of(folder))) {
      return files.filter(file -> file.toString().endsWith(".json")).sorted().toList();
    }
  }

  private static PrePopulatedValidationSupport definitionsIn(FhirContext context, List<String> folders) throws IOException {
    PrePopulatedValidationSupport known = new PrePopulatedValidationSupport(context);
    for (String folder : folders) {
      for (Path file : jsonIn(folder)) {
        IBaseResource resource = context.newJsonParser().parseResource(Files.readString(file));
        if (resource instanceof StructureDefinition) known.addStructureDefinition(resource);
        else if (resource instanceof CodeSystem) known.addCodeSystem(resource);
        else if (resource instanceof ValueSet) known.addValueSet(resource);
      }
    }
    return known;
  }

  private static FhirValidator validatorOf(FhirContext context, List<String> folders) throws IOException {
    UnknownCodeSystemWarningValidationSupport unknownSystems = new UnknownCodeSystemWarningValidationSupport(context);
    // LOINC, SNOMED CT and the like are not here: their codes cannot be looked up.
    unknownSystems.setNonExistentCodeSystemSeverity(IssueSeverity.WARNING);
    IValidationSupport chain =
        new ValidationSupportChain(
            definitionsIn(context, folders),
            new DefaultProfileValidationSupport(context),
            new CommonCodeSystemsTerminologyService(context),
            new InMemoryTerminologyServerValidationSupport(context),
            new SnapshotGeneratingValidationSupport(context),
            unknownSystems);
    FhirInstanceValidator module = new FhirInstanceValidator(chain);
    module.setAnyExtensionsAllowed(true);
    module.setErrorForUnknownProfiles(true);
    module.setBestPracticeWarningLevel(BestPracticeWarningLevel.Ignore);
    return context.newValidator().registerValidatorModule(module);
  }

  private static String lineOf(String severity, Path file, String location, String message) {
    return String.join("\t", severity, file.getFileName().toString(), location, message.replaceAll("\\s+", " "));
  }

  /**
   * The validator reports every definition of an extension, that of other guides too, if the package of R4 is not installed in
   * its own cache. As definitions they are used all the same: a fault in one shows where the extension is validated.
   */
  private static final String LACKS_PACKAGE = "Unable to resolve package id hl7.fhir.r4.core#null";

  private static boolean isError(SingleValidationMessage finding) {
    boolean isSevere = finding.getSeverity() == ResultSeverityEnum.ERROR || finding.getSeverity() == ResultSeverityEnum.FATAL;
    return isSevere && !finding.getMessage().contains(LACKS_PACKAGE);
  }

  /** The findings in one file. What the validator itself cannot do is a finding too. */
  private static Findings findingsIn(FhirValidator validator, Path file) {
    try {
      List<SingleValidationMessage> found =
          validator.validateWithResult(Files.readString(file), new ValidationOptions()).getMessages();
      List<String> lines = new ArrayList<>();
      for (SingleValidationMessage one : found)
        lines.add(lineOf(isError(one) ? "error" : "warning", file, String.valueOf(one.getLocationString()), one.getMessage()));
      return new Findings(lines, found.stream().anyMatch(Validate::isError));
    } catch (Exception | Error failure) {
      return new Findings(List.of(lineOf("fatal", file, "", String.valueOf(failure))), true);
    }
  }

  private record Findings(List<String> lines, boolean hasError) {}

  public static void main(String[] arguments) throws Exception {
    FhirContext context = FhirContext.forR4();
    FhirValidator validator = validatorOf(context, List.of(arguments).subList(1, arguments.length));
    List<Callable<Findings>> tasks = new ArrayList<>();
    for (Path file : jsonIn(arguments[0])) tasks.add(() -> findingsIn(validator, file));
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    boolean isValid = true;
    for (Future<Findings> done : threads.invokeAll(tasks)) {
      isValid = isValid && !done.get().hasError();
      done.get().lines().forEach(System.out::println);
    }
    threads.shutdown();
    System.out.println("files\t" + tasks.size());
    System.exit(isValid ? 0 : 1);
  }
}
