FUZZTIME ?= 30s
BENCHTIME ?= 1s

.PHONY: test race bench fuzz ci

test:
	go test ./...

race:
	go test -race -shuffle=on ./...

bench:
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

ci:
	bash .ci/run
