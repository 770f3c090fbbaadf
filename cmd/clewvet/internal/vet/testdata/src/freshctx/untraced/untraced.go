package untraced

import (
	"context"
	"time"
)

func use(context.Context) {}

// All callers of this function pass a context without a trace.
func all(ctx context.Context) { use(context.Background()) }

func some(ctx context.Context) { use(context.Background()) } // want `WithoutCancel\(ctx\)`

func Exported(ctx context.Context) { use(context.Background()) } // want `WithoutCancel\(ctx\)`

func value(ctx context.Context) { use(context.Background()) } // want `WithoutCancel\(ctx\)`

func nobody(ctx context.Context) { use(context.Background()) } // want `WithoutCancel\(ctx\)`

func further(ctx context.Context) { use(context.TODO()) }

func circle(ctx context.Context) {
	use(context.TODO()) // want `WithoutCancel\(ctx\)`
	circle(ctx)
}

func callers() {
	all(context.TODO())
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	all(ctx)
	some(ctx)
	between(ctx)
	Exported(context.Background())
	value(context.Background())
	_ = value
}

func between(ctx context.Context) { further(ctx) }

func later(ctx context.Context) { use(context.TODO()) } // want `WithoutCancel\(ctx\)`

func Loses(ctx context.Context) {
	later(context.TODO()) // want `WithoutCancel\(ctx\)`
}

func dropped(ctx context.Context) { use(context.TODO()) } // want `WithoutCancel\(ctx\)`

func Drops(_ context.Context) {
	ctx := context.Background()
	dropped(ctx)
}

func Traced(ctx context.Context) { some(ctx) }
