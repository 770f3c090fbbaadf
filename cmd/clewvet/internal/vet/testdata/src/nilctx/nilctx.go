package nilctx

import (
	"context"
	"log/slog"
	"net/http"
)

// A variable is nil above the assignment of a context.
func later(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	c = r.Context()
	slog.Info("") // want `InfoContext\(c, …\)`
	use(c)
}

// A variable that gets its context in another branch may be nil.
func branch(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	if r.ContentLength > 0 {
		c = r.Context()
		slog.Info("") // want `InfoContext\(c, …\)`
		{
			slog.Info("") // want `InfoContext\(c, …\)`
		}
	} else {
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	}
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(c)
}

// A function literal assigns to a variable only when the literal runs.
func literal(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	set := func() { c = r.Context() }
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	set()
	var d = r.Context()
	func() {
		slog.Info("") // want `InfoContext\(d, …\)`
	}()
	use(c)
	use(d)
}

// The post statement of a loop runs at the end of each round, though it is written above.
func loop(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	for i := 0; i < 2; c = r.Context() {
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
		i++
		use(c)
	}
	for c := r.Context(); ; {
		slog.Info("") // want `InfoContext\(c, …\)`
		use(c)
	}
}

func cases(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	switch r.Method {
	case "GET":
		c = r.Context()
		slog.Info("") // want `InfoContext\(c, …\)`
	case "PUT":
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	}
	if c := context.WithValue(r.Context(), key{}, 1); c != nil {
		slog.Info("") // want `InfoContext\(c, …\)`
	}
	use(c)
}

func result(r *http.Request) (c context.Context, err error) {
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	c = r.Context()
	slog.Info("") // want `InfoContext\(c, …\)`
	return c, nil
}

// A context that comes with an error may be nil.
func fails(w http.ResponseWriter, r *http.Request) {
	c, err := auth(r)
	if err != nil {
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
		return
	}
	slog.Info("") // want `InfoContext\(c, …\)`
	if f, err := auth(r); err == nil {
		slog.Info("") // want `InfoContext\(c, …\)`
		use(f)
	}
	use(c)
}

func goesOn(w http.ResponseWriter, r *http.Request) {
	c, err := auth(r)
	if err != nil {
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	}
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(c)
}

func ignores(w http.ResponseWriter, r *http.Request) {
	c, _ := auth(r)
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(c)
}

func ignoresAgain(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	c, _ = auth(r)
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(c)
}

func otherError(w http.ResponseWriter, r *http.Request) {
	_, other := auth(r)
	c, err := auth(r)
	if other != nil {
		return
	}
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(c)
	_ = err
}

func asserted(w http.ResponseWriter, r *http.Request) {
	g, ok := r.Context().Value(key{}).(context.Context)
	if r == nil || !ok {
		return
	}
	slog.Info("") // want `InfoContext\(g, …\)`
	use(g)
}

// A variable that is assigned from a nil variable is nil, too.
func second(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	if r.ContentLength > 0 {
		c = r.Context()
	}
	d := c
	slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	use(d)
}

// An inner ctx that is still nil shadows the context at hand.
func shadowed(ctx context.Context) {
	{
		var ctx context.Context
		slog.Info("") // want `InfoContext\(ctx, …\)`
		ctx = nil
		slog.Info("") // want `InfoContext\(ctx, …\)`
		use(ctx)
	}
	{
		ctx := context.WithoutCancel(ctx)
		slog.Info("") // want `InfoContext\(ctx, …\)`
		use(ctx)
	}
}

func assignedByItself(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	c = wrap(r.Context(), func() {
		slog.Info("") // want `InfoContext\(r\.Context\(\), …\)`
	})
	use(c)
}

type key struct{}

func auth(r *http.Request) (context.Context, error) { return nil, nil }

func wrap(ctx context.Context, f func()) context.Context { return ctx }

func use(context.Context) {}
