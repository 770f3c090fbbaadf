package auditmsg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"example.com/clew/audit"
)

const dropped = "item dropped"

type reason string

func (r reason) String() string { return string(r) }

func made(ctx context.Context, l *audit.Logger, id string, err error, why reason) {
	l.Log(ctx, fmt.Sprintf("item %s dropped", id))                    // want `the message of Log is made at run time \(fmt.Sprintf\): keep it constant, and give what differs as an attribute`
	l.Log(ctx, fmt.Sprint("item ", id), slog.String("id", id))        // want `the message of Log is made at run time \(fmt.Sprint\)`
	l.Log(ctx, "item "+id)                                            // want `the message of Log is made at run time \(\+\)`
	l.Log(ctx, dropped+": "+id)                                       // want `made at run time \(\+\)`
	l.Log(ctx, (dropped + (": " + id)))                               // want `made at run time \(\+\)`
	l.Log(ctx, strings.ToLower(id))                                   // want `made at run time \(strings.ToLower\)`
	l.Log(ctx, strconv.Itoa(len(id)))                                 // want `made at run time \(strconv.Itoa\)`
	l.Log(ctx, string(reason(fmt.Sprintf("%s", id))))                 // want `made at run time \(fmt.Sprintf\)`
	l.Log(ctx, err.Error())                                           // want `made at run time \(Error\)`
	l.Log(ctx, errors.New("a").Error())                               // want `made at run time \(Error\)`
	l.Log(ctx, strings.NewReplacer("a", "b").Replace(id))             // want `made at run time \(strings.Replace\)`
	_ = l.LogSync(ctx, fmt.Sprintf("item %s captured", id))           // want `the message of LogSync is made at run time \(fmt.Sprintf\)`
	(*audit.Logger).Log(l, ctx, fmt.Sprintf("item %s", id))           // want `made at run time \(fmt.Sprintf\)`
	go l.Log(ctx, fmt.Sprintf("item %s dropped", id))                 // want `made at run time \(fmt.Sprintf\)`
	defer func() { l.Log(ctx, fmt.Sprintf("item %s dropped", id)) }() // want `made at run time \(fmt.Sprintf\)`
	embedded{l}.Log(ctx, "item "+id)                                  // want `made at run time \(\+\)`
}

type embedded struct{ *audit.Logger }

func constant(ctx context.Context, l *audit.Logger, message string, kind int, err error) {
	l.Log(ctx, "item dropped", slog.String("why", fmt.Sprintf("over %d", kind)))
	l.Log(ctx, dropped)
	l.Log(ctx, dropped+": over the quota")
	l.Log(ctx, string(reason("dropped")))
	l.Log(ctx, message)         // the callers of a wrapper are not known here
	l.Log(ctx, messageOf(kind)) // the function may choose from constants
	l.Log(ctx, messages[kind])  // the array may hold constants
	_ = fmt.Sprintf("%v %v", l, err)
	other{}.Log(ctx, "item "+message)
	//clewvet:ignore there are only two different messages
	l.Log(ctx, "item "+messages[kind])
}

var messages = [...]string{"taken", "dropped"}

func messageOf(kind int) string { return messages[kind] }

type other struct{}

func (other) Log(ctx context.Context, message string) {}
