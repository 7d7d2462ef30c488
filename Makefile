# One command equals CI: `make test` installs what it needs and runs every check; it skips nothing.

SHELL := /bin/bash -o pipefail
GOLANGCI_VERSION := v2.15.0
BIN := $(CURDIR)/bin
LINT := $(BIN)/golangci-lint-$(GOLANGCI_VERSION)
export GOFLAGS := -tags=nomsgpack

.PHONY: help demo build test setup tools packages npm format vet lint unit bench-once e2e bench soak fuzz fmt clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: ## everything on embedded defaults, with demo upstreams and two tenants
	go run ./cmd/atrium demo

build: ## the binary, in bin/atrium
	go build -trimpath -o $(BIN)/atrium ./cmd/atrium

test: setup format vet lint unit bench-once e2e ## what CI runs: all checks on a fresh machine
	@echo "make test: everything passed, nothing was skipped"

setup: packages tools npm ## install what the checks need

packages: ## Debian packages: redis-server and chromium
	@bash .ci/packages redis-server:redis-server chromium:chromium

tools: $(LINT) ## the linter, pinned, in bin/

$(LINT):
	GOFLAGS= GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(BIN)/golangci-lint $@

npm: tests/clients/node_modules/.package-lock.json tests/browser/node_modules/.package-lock.json ## the npm clients that tests use

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	cd tests/$* && npm ci --no-audit --no-fund

format: tools ## fail where `make fmt` would change a file
	$(LINT) fmt --diff ./...

vet:
	go vet ./...

lint: tools
	$(LINT) run ./...

unit: ## all Go tests, race detector on
	go test -race -shuffle=on -timeout 10m ./...

bench-once: ## every benchmark once, so that none rots
	go test -run '^$$' -bench . -benchtime 1x ./... | grep -v '^ok\|no test files'

e2e: build npm packages ## the built binary against software that is not ours
	cd tests/clients && ATRIUM_BIN=$(BIN)/atrium node --test --test-timeout=120000
	cd tests/browser && ATRIUM_BIN=$(BIN)/atrium node --test --test-timeout=120000

bench: ## the figures of docs/performance.md, in one run
	go test -run '^$$' -bench . -benchmem ./bff/view ./bff ./cache ./bff/limit ./observability ./clients/... ./tenants/...

soak: packages ## the long forms of the tests
	ATRIUM_SOAK=1 go test -race -timeout 60m ./cache/... ./bff/...

fuzz: ## every fuzz target for a minute
	@bash .ci/fuzz 60s

fmt: tools ## format all Go files
	$(LINT) fmt ./...

clean: ## remove what was built or installed here
	rm -rf $(BIN) tests/*/node_modules
