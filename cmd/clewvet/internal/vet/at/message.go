package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A carrier describes where the messages of one library have their headers.
type carrier struct {
	// headers is the Go expression for OpenTelemetry's carrier of the headers, with % in place of
	// the message: "propagation.MapCarrier(%.Attributes)". If no ready-made carrier exists,
	// headers is the selector to write after the message: ".Headers".
	headers string
	// incoming is true if only received messages have this type.
	incoming bool
}

// carriers maps the types of queues' messages to their headers. The entry for watermill is the
// same as in package adapters. NATS's headers have the type of an http.Header, but keep the case
// of their names, so a propagation.HeaderCarrier finds no "b3" in them.
var carriers = map[string]carrier{
	"github.com/ThreeDotsLabs/watermill/message.Message":          {headers: "propagation.MapCarrier(%.Metadata)"},
	"cloud.google.com/go/pubsub.Message":                          {headers: "propagation.MapCarrier(%.Attributes)"},
	"cloud.google.com/go/internal/pubsub.Message":                 {headers: "propagation.MapCarrier(%.Attributes)"},
	"gocloud.dev/pubsub.Message":                                  {headers: "propagation.MapCarrier(%.Metadata)"},
	"github.com/nats-io/nats.go.Msg":                              {headers: ".Header"},
	"github.com/nats-io/nats.go/jetstream.Msg":                    {headers: ".Headers()", incoming: true},
	"github.com/segmentio/kafka-go.Message":                       {headers: ".Headers"},
	"github.com/twmb/franz-go/pkg/kgo.Record":                     {headers: ".Headers"},
	"github.com/confluentinc/confluent-kafka-go/kafka.Message":    {headers: ".Headers"},
	"github.com/confluentinc/confluent-kafka-go/v2/kafka.Message": {headers: ".Headers"},
	"github.com/IBM/sarama.ConsumerMessage":                       {headers: ".Headers", incoming: true},
	"github.com/Shopify/sarama.ConsumerMessage":                   {headers: ".Headers", incoming: true},
	"github.com/rabbitmq/amqp091-go.Delivery":                     {headers: ".Headers", incoming: true},
	"github.com/streadway/amqp.Delivery":                          {headers: ".Headers", incoming: true},
	"github.com/aws/aws-sdk-go-v2/service/sqs/types.Message":      {headers: ".MessageAttributes", incoming: true},
	"github.com/aws/aws-sdk-go/service/sqs.Message":               {headers: ".MessageAttributes", incoming: true},
	"github.com/aws/aws-lambda-go/events.SQSMessage":              {headers: ".MessageAttributes", incoming: true},
	"github.com/redis/go-redis.XMessage":                          {headers: ".Values", incoming: true},

	"github.com/Azure/azure-sdk-for-go/sdk/messaging/azservicebus.ReceivedMessage": {headers: ".ApplicationProperties", incoming: true},
}

// A Message is a message that was received from a queue, and whose trace is in no context yet.
type Message struct {
	Name string // the name of the variable
	// Extract is the code that makes a context with the message's trace: "propagator.Extract(ctx,
	// …)".
	Extract string
}

// Message returns the message that the code at c handles. It returns false if the context at hand
// at c, which is h, was made for the message or belongs to a request.
func (p *Package) Message(c inspector.Cursor, h Hand) (Message, bool) {
	return p.message(c, h, 6)
}

func (p *Package) message(c inspector.Cursor, h Hand, steps int) (Message, bool) {
	var f inspector.Cursor // the function that has the context at hand
	for g := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		f = g
		if _, found := p.param(g.Node()); found {
			break
		}
	}
	if !f.Valid() || steps == 0 || p.serves(f.Node()) || p.takes(f.Node(), "net/http.Request") {
		return Message{}, false
	}
	v := p.messageVar(c, f)
	if v == nil || p.instead(c, v) {
		return Message{}, false
	}
	expr := h.Expr
	if w, ok := p.lookup(expr, c.Node().Pos()).(*types.Var); ok && p.prepared(w, 4) {
		return Message{}, false
	}
	if k, suffix := kindOf(v.Type()); k == request {
		// The message has a context, and middleware may have put the trace into that context.
		if p.extracts() {
			return Message{}, false
		}
		expr = v.Name() + suffix
	}
	if expr == "" || !p.received(c, f, v, steps) {
		return Message{}, false
	}
	headers := carriers[TypePath(v.Type())].headers
	if strings.HasPrefix(headers, ".") {
		return Message{v.Name(), "propagator.Extract(" + expr + ", …) with a carrier over " + v.Name() + headers}, true
	}
	return Message{v.Name(), "propagator.Extract(" + expr + ", " + strings.Replace(headers, "%", v.Name(), 1) + ")"}, true
}

// TakesMessage reports whether f has a parameter that is a message with its own context.
func (p *Package) TakesMessage(f ast.Node) bool {
	return p.anyParam(f, func(t types.Type) bool {
		k, _ := kindOf(t)
		return k == request && carriers[TypePath(t)].headers != ""
	})
}

// messageVar returns the nearest variable at c within f that is a message.
func (p *Package) messageVar(c, f inspector.Cursor) *types.Var {
	pos := c.Node().Pos()
	for scope := p.types.Scope().Innermost(pos); scope != nil; scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if ok && name != "_" && carriers[TypePath(v.Type())].headers != "" && p.lookup(name, pos) == v {
				return v
			}
		}
		if scope == p.info.Scopes[funcType(f.Node())] {
			break
		}
	}
	return nil
}

// extracts reports whether the package extracts traces from messages: it imports a package of
// clew, or uses the name Extract.
func (p *Package) extracts() bool {
	if p.imports(func(path string) bool { return strings.HasPrefix(path, "example.com/clew/") }) {
		return true
	}
	for _, file := range p.files {
		if p.Says(file, "Extract") {
			return true
		}
	}
	return false
}

// prepared reports whether a function outside of package context made the context v. Such a
// context belongs to this message, or has a new trace.
func (p *Package) prepared(v *types.Var, steps int) (found bool) {
	if steps == 0 {
		return false
	}
	for _, right := range p.flow().assigned[v] {
		ast.Inspect(right, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				f := p.Callee(n)
				passed := f != nil && f.Pkg() != nil && (f.Pkg().Path() == "context" || f.Name() == "Context")
				found = found || !passed && makesContext(p.info.TypeOf(n))
			case *ast.Ident:
				if w, ok := p.info.Uses[n].(*types.Var); ok && w != v && isContext(w) {
					found = found || p.prepared(w, steps-1)
				}
			}
			return !found
		})
	}
	return found
}

// makesContext reports whether the first result of a call is a context. The result type of the
// call is t.
func makesContext(t types.Type) bool {
	if results, ok := t.(*types.Tuple); ok && results.Len() > 0 {
		t = results.At(0).Type()
	}
	return t != nil && TypePath(t) == "context.Context"
}

// instead reports whether c runs only after an error, so that v holds no message.
func (p *Package) instead(c inspector.Cursor, v *types.Var) bool {
	for ; c.ParentEdgeKind() != edge.Invalid; c = c.Parent() {
		if c.ParentEdgeKind() != edge.IfStmt_Body {
			continue
		}
		check := c.Parent()
		stmt := check.Node().(*ast.IfStmt)
		if init, ok := stmt.Init.(*ast.AssignStmt); ok {
			if p.defines(init, v) {
				return p.checksError(stmt.Cond)
			}
			continue
		}
		if before, ok := check.PrevSibling(); ok {
			if assign, ok := before.Node().(*ast.AssignStmt); ok && p.defines(assign, v) {
				return p.checksError(stmt.Cond)
			}
		}
	}
	return false
}

func (p *Package) defines(assign *ast.AssignStmt, v *types.Var) bool {
	for _, left := range assign.Lhs {
		if p.flow().object(left) == v {
			return true
		}
	}
	return false
}

// checksError reports whether cond compares an error with nil by !=.
func (p *Package) checksError(cond ast.Expr) (found bool) {
	ast.Inspect(cond, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && b.Op == token.NEQ && p.info.Types[b.Y].IsNil() {
			found = found || types.Identical(p.info.TypeOf(b.X), types.Universe.Lookup("error").Type())
		}
		return !found
	})
	return found
}

// received reports whether v, which the code at c within f uses, came from a queue.
func (p *Package) received(c, f inspector.Cursor, v *types.Var, steps int) bool {
	for g := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if p.hasParam(g.Node(), v) {
			return p.handed(g, v, steps)
		}
	}
	if carriers[TypePath(v.Type())].incoming {
		return true
	}
	for loop := range c.Enclosing((*ast.RangeStmt)(nil)) {
		loop := loop.Node().(*ast.RangeStmt)
		if loop.Key != nil && p.flow().object(loop.Key) == v || loop.Value != nil && p.flow().object(loop.Value) == v {
			if _, ok := p.info.TypeOf(loop.X).Underlying().(*types.Chan); ok {
				return true
			}
			return p.receives(loop.X, 2)
		}
	}
	for _, right := range p.flow().assigned[v] {
		if p.receives(right, 2) {
			return true
		}
	}
	return false
}

// receives reports whether e receives messages from a queue: by <-, or by a method with a name
// such as Receive.
func (p *Package) receives(e ast.Expr, steps int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return e.Op == token.ARROW
	case *ast.CallExpr:
		f := p.Callee(e)
		if f == nil || f.Signature().Recv() == nil {
			return false
		}
		for _, verb := range []string{"Read", "Fetch", "Receive", "Next", "Poll", "Get", "Consume", "Pull", "Messages"} {
			if strings.HasPrefix(f.Name(), verb) {
				return true
			}
		}
	case *ast.IndexExpr:
		return p.receives(e.X, steps)
	case *ast.Ident:
		if p.batches()[p.flow().object(e)] {
			return true
		}
		for _, right := range p.flow().assigned[p.flow().object(e)] {
			if steps > 0 && p.receives(right, steps-1) {
				return true
			}
		}
	}
	return false
}

// findBatches returns the parameters that hold several messages. It looks at functions that are
// passed as values, such as to a library that receives the messages.
func (p *Package) findBatches() map[types.Object]bool {
	batches := make(map[types.Object]bool)
	add := func(sig *types.Signature) {
		for v := range sig.Params().Variables() {
			if slice, ok := v.Type().(*types.Slice); ok && carriers[TypePath(slice.Elem())].headers != "" {
				batches[v] = true
			}
		}
	}
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil), (*ast.FuncLit)(nil)) {
		switch n := c.Node().(type) {
		case *ast.FuncLit:
			if c.ParentEdgeKind() == edge.CallExpr_Args {
				add(p.info.TypeOf(n).(*types.Signature))
			}
		case *ast.Ident:
			if f, ok := p.info.Uses[n].(*types.Func); ok && f.Pkg() == p.types {
				if _, called := calling(c); !called {
					add(f.Signature())
				}
			}
		}
	}
	return batches
}

func (p *Package) hasParam(f ast.Node, v types.Object) bool {
	params := funcType(f).Params
	return params.Pos() <= v.Pos() && v.Pos() < params.End()
}

// handed reports whether f gets its parameter v from a queue. Either v's own library calls the
// handler f, or all callers of f in this package got v from a queue, without a context for it.
func (p *Package) handed(f inspector.Cursor, v *types.Var, steps int) bool {
	if k, _ := kindOf(v.Type()); k == request {
		return true // the context at hand is the message's own
	}
	decl, ok := f.Node().(*ast.FuncDecl)
	if !ok {
		call, ok := f.Parent().Node().(*ast.CallExpr)
		if !ok {
			return false
		}
		if f.ParentEdgeKind() == edge.CallExpr_Fun { // go func(m Message) { … }(m)
			h, ok := p.Hand(f.Parent())
			if !ok {
				return false
			}
			_, ok = p.message(f.Parent(), h, steps-1)
			return ok
		}
		callee := p.Callee(call)
		return callee != nil && callee.Pkg() != nil && callee.Pkg() != p.types && sameModule(callee.Pkg().Path(), TypePath(v.Type()))
	}
	callers := 0
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil)) {
		if p.info.Uses[c.Node().(*ast.Ident)] != p.info.Defs[decl.Name] {
			continue
		}
		if _, ok := calling(c); !ok {
			return false
		}
		h, ok := p.Hand(c)
		if !ok {
			return false
		}
		if _, ok := p.message(c, h, steps-1); !ok {
			return false
		}
		callers++
	}
	return callers > 0
}

// sameModule reports whether the import paths a and b begin with the same host and owner.
func sameModule(a, b string) bool {
	return owner(a) == owner(b)
}

func owner(path string) string {
	parts := strings.SplitN(path, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}
