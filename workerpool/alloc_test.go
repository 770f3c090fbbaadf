package workerpool_test

import (
	"context"
	"testing"

	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
)

// The functions are made beforehand, since their closures are not this package's allocations.
func TestAllocations(t *testing.T) {
	ctx := request()
	done := make(chan struct{}, 1)
	fn := func(context.Context) { done <- struct{}{} }
	fnErr := func(context.Context) error { return nil }
	result := func(context.Context) (int, error) { return 7, nil }
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { assert.NoError(t, p.Shutdown(context.Background()), "Shutdown") }()
	wrapped := workerpool.Wrap(ctx, fn)

	tests := []struct {
		name string
		call func()
		most float64
	}{
		{name: "Pool.Go", most: 1, call: func() { _ = p.Go(ctx, fn); <-done }},
		{name: "Pool.TryGo", most: 1, call: func() { p.TryGo(ctx, fn); <-done }},
		{name: "Submit and Wait", most: 6, call: func() { _, _ = workerpool.Submit(ctx, p, result).Wait(ctx) }},
		{name: "Go", most: 2, call: func() { workerpool.Go(ctx, fn); <-done }},
		{name: "Wrap", most: 2, call: func() { sink = workerpool.Wrap(ctx, fn) }},
		{name: "the function that Wrap returned", most: 0, call: func() { wrapped(); <-done }},
		{name: "WrapErr", most: 1, call: func() { sinkErr = workerpool.WrapErr(ctx, fnErr) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := testing.AllocsPerRun(1000, test.call)
			assert.LessOrEqual(t, got, test.most, "allocations of %s", test.name)
			t.Logf("%s: %v allocations", test.name, got)
		})
	}
}

// Results go here, so that the compiler cannot leave out the calls.
var (
	sink    func()
	sinkErr func() error
)
