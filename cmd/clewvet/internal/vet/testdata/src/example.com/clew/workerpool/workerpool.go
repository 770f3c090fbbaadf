package workerpool

import "context"

func Go(ctx context.Context, fn func(ctx context.Context))          {}
func Wrap(ctx context.Context, fn func(ctx context.Context)) func() { return nil }
func Job(ctx context.Context, fn func(ctx context.Context)) func()  { return nil }

func WrapErr(ctx context.Context, fn func(ctx context.Context) error) func() error { return nil }
