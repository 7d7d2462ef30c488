package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// otelVariables are the variables of OpenTelemetry that the server reads through its SDK.
var otelVariables = []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_SERVICE_NAME"}

// TestComposeUsesWhatExists holds docker-compose.yml to the command line: every flag, command and variable in it is one.
func TestComposeUsesWhatExists(t *testing.T) {
	options, err := cli.NewProjectOptions([]string{root + "/docker-compose.yml"},
		cli.WithEnv([]string{"ATRIUM_ADMIN_TOKEN=token-of-a-test"}), cli.WithName("atrium"))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	parser, err := kong.New(new(commands), kong.DefaultEnvars("ATRIUM"), kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	ours := 0
	for _, service := range project.Services {
		if service.Build == nil {
			continue
		}
		ours++
		checkService(t, parser, service)
	}
	if ours < 3 {
		t.Errorf("%d services run atrium, want two replicas and the demo's upstreams", ours)
	}
	for _, name := range []string{"redis", "traces"} {
		if _, err := project.GetService(name); err != nil {
			t.Errorf("service %s: %v", name, err)
		}
	}
}

func checkService(t *testing.T, parser *kong.Kong, service types.ServiceConfig) {
	t.Helper()
	if len(service.Command) == 0 {
		t.Fatalf("%s has no command", service.Name)
	}
	var command *kong.Node
	for _, node := range parser.Model.Children {
		if node.Name == service.Command[0] {
			command = node
		}
	}
	if command == nil {
		t.Fatalf("%s runs %q, which is no command", service.Name, service.Command[0])
	}
	flags, envs := []string{}, slices.Clone(otelVariables)
	for _, flag := range append(parser.Model.Flags, command.Flags...) {
		flags = append(flags, "--"+flag.Name)
		envs = append(envs, flag.Envs...)
	}
	for _, arg := range service.Command[1:] {
		name, _, _ := strings.Cut(arg, "=")
		if strings.HasPrefix(arg, "--") && !slices.Contains(flags, name) {
			t.Errorf("%s: %s has no flag %s", service.Name, service.Command[0], name)
		}
	}
	for name := range service.Environment {
		if !slices.Contains(envs, name) {
			t.Errorf("%s: %s reads no variable %s", service.Name, service.Command[0], name)
		}
	}
}
