package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// commands is the command line. Flags, ATRIUM_* variables and the file of --settings agree on names.
type commands struct {
	Settings kong.ConfigFlag  `help:"File with settings, YAML or JSON: the flags' names without their dashes." placeholder:"FILE"`
	Version  kong.VersionFlag `help:"Print the version." env:"-"`

	Demo  demoCommand  `cmd:"" help:"Everything on embedded defaults: demo upstreams, a demo model and two tenants."`
	Serve serveCommand `cmd:"" help:"The server."`
	Check checkCommand `cmd:"" help:"Type-check all documents of a folder; exit 1 with file:line:col: message lines."`
	Init  initCommand  `cmd:"" help:"Write a folder of documents from OpenAPI documents of upstreams."`

	Apply    applyCommand    `cmd:"" help:"Make a running server have the documents of a folder; print what differs."`
	Get      getCommand      `cmd:"" help:"Print a document of a running server, or list them."`
	Rollback rollbackCommand `cmd:"" help:"Make an earlier text of a document the newest revision."`
	Purge    purgeCommand    `cmd:"" help:"Forget a tenant's cached answers."`
	Explain  explainCommand  `cmd:"" help:"What a request would do: steps, cache, limits. Calls no upstream."`
	Trace    traceCommand    `cmd:"" help:"Draw a trace, or list the newest."`
	Openapi  openapiCommand  `cmd:"" name:"openapi" help:"Print a tenant's OpenAPI document."`
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

// exit is how a kong that wants to end the process says so.
type exit int

func (c *commands) run(ctx context.Context, args []string, out, errw io.Writer) (code int) {
	defer func() {
		if cause := recover(); cause != nil {
			status, ok := cause.(exit)
			if !ok {
				panic(cause)
			}
			code = int(status)
		}
	}()
	parser, err := kong.New(c,
		kong.Name("atrium"),
		kong.Description("A multi-tenant backend-for-frontend: typed views over your APIs, for every tenant's frontend."),
		kong.DefaultEnvars("ATRIUM"),
		kong.Configuration(settingsFile),
		kong.Vars{"version": version()},
		kong.Writers(out, errw),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(errw, "atrium:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintln(errw, "atrium:", err)
		fmt.Fprintln(errw, "Run `atrium --help` for what there is.")
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	if err := parsed.Run(&streams{out: out, err: errw}); err != nil {
		if !errors.Is(err, errReported) {
			fmt.Fprintln(errw, "atrium:", err)
		}
		return 1
	}
	return 0
}

// errReported ends a command whose errors are printed already.
var errReported = errors.New("reported")

// settingsFile reads --settings: {listen: ":8080", base-domain: example.com}. Unknown names are errors.
func settingsFile(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	text, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	return &settings{values: values}, nil
}

type settings struct{ values map[string]any }

// Validate implements kong.Resolver.
func (s *settings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	for _, node := range append(app.Children, app.Node) {
		for _, flag := range node.Flags {
			known[flag.Name] = true
		}
	}
	for name := range s.values {
		if !known[name] {
			return fmt.Errorf("the settings name %q, which is no flag", name)
		}
	}
	return nil
}

// Resolve implements kong.Resolver. A variable of the environment is nearer than the file.
func (s *settings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil //nolint:nilnil // nothing is what kong takes for no answer
		}
	}
	return s.values[flag.Name], nil
}

// version is the module's, with the commit it was built from where that is known.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "atrium (unknown)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "atrium " + info.Main.Version + " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return "atrium " + info.Main.Version
}
