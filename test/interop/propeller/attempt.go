package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	idl "github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	pc "github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/core"
	"github.com/flyteorg/flyte/flyteplugins/go/tasks/pluginmachinery/ioutils"
	"github.com/flyteorg/flyte/flytepropeller/pkg/apis/flyteworkflow/v1alpha1"
	"github.com/flyteorg/flyte/flytepropeller/pkg/controller/nodes/task"
	"github.com/flyteorg/flyte/flytestdlib/storage"
)

// driver does what Propeller's task handler does around a plugin.
type driver struct {
	ctx      context.Context
	pluginID string
	plugin   pc.Plugin
	store    *storage.DataStore
	base     string
	template *idl.TaskTemplate
	inputs   *idl.LiteralMap
	start    time.Time
	loading  sync.Mutex
}

// attempt is one attempt of one execution.
type attempt struct {
	*driver
	number     int
	plugin     pc.Plugin
	state      *stateStore
	newContext func() *taskContext
	report     *attemptReport

	rounds int
	// polls counts the rounds since the task was created; the round of the create is the first.
	polls     int
	recreated int
	lastKey   string
}

func (d *driver) runAttempt(exec string, number int) *attemptReport {
	a := d.newAttempt(exec, number)
	for deadline := time.Now().Add(*timeout); ; time.Sleep(*interval) {
		if time.Now().After(deadline) {
			a.report.TimedOut = true
			break
		}
		if a.round() {
			break
		}
	}
	if err := a.plugin.Finalize(d.ctx, a.newContext()); err != nil {
		a.report.FinalizeError = err.Error()
	}
	if metas := a.report.ResourceMetas; *recreate > 0 && len(metas) > 1 {
		equal := true
		for _, meta := range metas[1:] {
			equal = equal && meta == metas[0]
		}
		a.report.MetasEqual = &equal
	}
	return a.report
}

// newAttempt writes the inputs and prepares the context that each round gives to the plugin.
func (d *driver) newAttempt(exec string, number int) *attempt {
	name := fmt.Sprintf("%s-%s-%d", exec, *nodeID, number)
	outputPrefix := storage.DataReference(fmt.Sprintf("%s/%s/%s/data/%d", d.base, exec, *nodeID, number))
	inputPrefix := storage.DataReference(fmt.Sprintf("%s/%s/%s/data", d.base, exec, *nodeID))
	template := proto.Clone(d.template).(*idl.TaskTemplate)
	inputPaths := ioutils.NewInputFilePaths(d.ctx, d.store, inputPrefix)
	if err := d.store.WriteProtobuf(d.ctx, inputPaths.GetInputPath(), storage.Options{}, d.inputs); err != nil {
		die("write inputs: %v", err)
	}
	raw := ioutils.NewRawOutputPaths(d.ctx, storage.DataReference(fmt.Sprintf("%s/raw/%s", d.base, name)))
	outputPaths := ioutils.NewCheckpointRemoteFilePaths(d.ctx, d.store, outputPrefix, raw, "")
	metadata := executionMetadata(exec, name, template, number)
	state := &stateStore{}
	newContext := func() *taskContext {
		return &taskContext{
			store:    d.store,
			state:    &stateIO{store: state},
			template: taskReader{template},
			metadata: metadata,
			inputs:   ioutils.NewCachedInputReader(d.ctx, ioutils.NewRemoteFileInputReader(d.ctx, d.store, inputPaths)),
			outputs:  ioutils.NewBufferedOutputWriter(d.ctx, outputPaths),
		}
	}
	return &attempt{driver: d, number: number, plugin: d.plugin, state: state, newContext: newContext,
		report: &attemptReport{RetryAttempt: number, GeneratedName: name, OutputPrefix: outputPrefix.String()}}
}

func executionMetadata(exec, name string, template *idl.TaskTemplate, number int) metaData {
	id := &idl.TaskExecutionIdentifier{TaskId: template.GetId(), RetryAttempt: uint32(number),
		NodeExecutionId: &idl.NodeExecutionIdentifier{NodeId: *nodeID, ExecutionId: &idl.WorkflowExecutionIdentifier{Project: *project, Domain: *domain, Name: exec}}}
	labels := map[string]string{"execution-id": exec, "project": *project, "domain": *domain, "node-id": *nodeID}
	for key, value := range labelFlags.pairs() {
		labels[key] = value
	}
	return metaData{id: taskID{name: name, node: *nodeID, id: id}, namespace: *project + "-" + *domain, maxAttempts: uint32(*maxAttempts),
		ownerName: exec, environment: envFlags.pairs(), labels: labels}
}

// round is one round of Propeller's: it calls the plugin and keeps its state. Whether the attempt is over.
func (a *attempt) round() bool {
	a.rounds++
	c := a.newContext()
	result, err := a.handle(c)
	if err != nil {
		a.report.HandleErrors = append(a.report.HandleErrors, err.Error())
		if len(a.report.HandleErrors) >= *maxHandleErrors {
			a.report.Final = "SystemError"
			return true
		}
		return false
	}
	info := result.Info()
	if a.recreated < *recreate && !info.Phase().IsTerminal() {
		if meta := c.state.uncommittedMeta(); meta != "" {
			a.loseState(meta)
			// Propeller comes back at once.
			return a.round()
		}
	}
	c.state.commit()
	a.recordState()
	a.recordTransition(toTransition(info, a.start, a.rounds))
	if info.Phase().IsTerminal() {
		a.report.Final = toTransition(info, a.start, a.rounds).Phase
		if info.Phase().IsSuccess() {
			a.commitOutputs(c)
		}
		return true
	}
	created := a.state.meta() != ""
	if created {
		a.polls++
	}
	if *restartAfter >= 0 && a.rounds == *restartAfter {
		a.restart("(propeller restarted)")
	}
	if *abortAfter >= 0 && created && a.polls > *abortAfter {
		a.abort()
		return true
	}
	return false
}

// handle calls the plugin as the task handler does, which survives a panic.
func (a *attempt) handle(c *taskContext) (result pc.Transition, err error) {
	defer func() {
		if r := recover(); r != nil {
			result, err = pc.UnknownTransition, fmt.Errorf("panic when executing a plugin: %v\n%s", r, debug.Stack())
		}
	}()
	return a.plugin.Handle(a.ctx, c)
}

// loseState: Propeller created the task, then died before it stored the state.
func (a *attempt) loseState(meta string) {
	a.report.ResourceMetas = append(a.report.ResourceMetas, meta)
	a.recreated++
	a.restart("(state lost, propeller restarted)")
}

// restart goes on with a plugin whose cache is empty.
func (a *attempt) restart(event string) {
	a.loading.Lock()
	defer a.loading.Unlock()
	a.plugin = loadPlugin(a.ctx, a.pluginID)
	a.report.Transitions = append(a.report.Transitions, transition{TMs: time.Since(a.start).Milliseconds(), Round: a.rounds, Phase: event})
}

func (a *attempt) recordState() {
	rep := a.report
	rep.StateBytes = max(rep.StateBytes, len(a.state.bytes))
	meta := a.state.meta()
	if meta == "" {
		return
	}
	n := len(rep.ResourceMetas)
	// After lost states one more is recorded even if it is equal: that it is equal is the question.
	if n == 0 || rep.ResourceMetas[n-1] != meta || n == a.recreated && a.recreated > 0 {
		rep.ResourceMetas = append(rep.ResourceMetas, meta)
	}
}

func (a *attempt) recordTransition(t transition) {
	if key := t.key(); key != a.lastKey {
		a.report.Transitions = append(a.report.Transitions, t)
		a.lastKey = key
	}
}

// commitOutputs does what the task handler does after a plugin reports success.
func (a *attempt) commitOutputs(c *taskContext) {
	committer := ioutils.NewRemoteFileOutputWriter(a.ctx, a.store, c.outputs)
	refused, err := (&task.Handler{}).ValidateOutput(a.ctx, *nodeID, c.inputs, c.outputs.GetReader(), committer, v1alpha1.ExecutionConfig{}, c.template)
	if err != nil {
		a.report.HandleErrors = append(a.report.HandleErrors, "ValidateOutput: "+err.Error())
		a.report.Final = "SystemError"
		return
	}
	if refused != nil {
		a.report.Validation = toJSON(refused.ExecutionError)
		a.report.Final = "PermanentFailure"
		if refused.IsRecoverable {
			a.report.Final = "RetryableFailure"
		}
		return
	}
	outputs := &idl.LiteralMap{}
	if err := a.store.ReadProtobuf(a.ctx, c.outputs.GetOutputPath(), outputs); err == nil {
		a.report.Outputs = toJSON(outputs)
	}
}

func (a *attempt) abort() {
	times := 1
	if *doubleAbort {
		times = 2
	}
	for range times {
		if err := a.plugin.Abort(a.ctx, a.newContext()); err != nil {
			a.report.AbortErrors = append(a.report.AbortErrors, err.Error())
		}
	}
	a.report.Aborted, a.report.Final = true, "Aborted"
}
