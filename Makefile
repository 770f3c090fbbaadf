FUZZTIME ?= 300s
BENCH ?=
SIZE ?= 1G

.PHONY: test race bench fuzz torture wasm newest integration integration-audit integration-browser integration-doctor integration-mermaid screenshots scale scale-audit ci

test:
	go test ./...

race:
	go test -race -shuffle=on ./...

bench:
	cd bench && go run . $(BENCH)

fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

torture:
	bash .ci/torture

wasm:
	bash .ci/wasm

newest:
	bash .ci/newest

integration:
	bash .ci/integration

scale:
	OPEN=$(OPEN) ROUNDS=$(ROUNDS) ONLY='$(ONLY)' bash .ci/scale $(SIZE)

scale-audit:
	bash .ci/scale-audit

integration-audit:
	bash .ci/integration-audit

integration-browser:
	bash .ci/integration-browser

screenshots:
	bash .ci/integration-browser screenshots

integration-doctor:
	bash .ci/integration-doctor

integration-mermaid:
	bash .ci/integration-mermaid

ci:
	bash .ci/run
