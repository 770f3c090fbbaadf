FUZZTIME ?= 30s
BENCHTIME ?= 1s

.PHONY: test race bench fuzz torture newest ci

test:
	go test ./...

race:
	go test -race -shuffle=on ./...

bench:
	go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) ./...

fuzz:
	FUZZTIME=$(FUZZTIME) bash .ci/fuzz

torture:
	bash .ci/torture

newest:
	bash .ci/newest

ci:
	bash .ci/run
