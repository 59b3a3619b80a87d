/** The conformance suite: the same tests on every host. A new resource adds its file here. */
import { describe } from 'vitest';
import { createHarness, type OpenStore } from '../harness.ts';
import { artifactsConformance } from './artifacts.ts';
import { auditConformance } from './audit.ts';
import { baseModelsConformance } from './base-models.ts';
import { blobsConformance } from './blobs.ts';
import { collectionConformance } from './collection.ts';
import { comparisonsConformance } from './comparisons.ts';
import { completionsConformance } from './completions.ts';
import { creatorsConformance } from './creators.ts';
import { costsConformance } from './costs.ts';
import { deletionConformance } from './deletion.ts';
import { experimentsRefusedConformance } from './experiments-refused.ts';
import { experimentsConformance } from './experiments.ts';
import { exportsConformance } from './exports.ts';
import { launchesConformance } from './launches.ts';
import { keysConformance } from './keys.ts';
import { memoryPlansConformance } from './memory-plans.ts';
import { preferencePairsConformance } from './preference-pairs.ts';
import { principlesConformance } from './principles.ts';
import { promptSetsConformance } from './prompt-sets.ts';
import { protocolConformance } from './protocol.ts';
import { observationsConformance } from './observations.ts';
import { quotasConformance } from './quotas.ts';
import { scorersConformance } from './scorers.ts';
import { sessionsConformance } from './sessions.ts';
import { tasksConformance } from './tasks.ts';
import { uploadsConformance } from './uploads.ts';

export function conformance(open: OpenStore): void {
  const start = async () => await createHarness(open);
  describe('protocol', () => {
    protocolConformance(start, open);
  });
  describe('keys', () => {
    keysConformance(start, open);
  });
  describe('sessions', () => {
    sessionsConformance(start);
  });
  describe('quotas', () => {
    quotasConformance(start);
  });
  describe('audit', () => {
    auditConformance(start);
  });
  describe('creators', () => {
    creatorsConformance(start);
  });
  describe('principles', () => {
    principlesConformance(start);
  });
  describe('experiments', () => {
    experimentsRefusedConformance(start);
    experimentsConformance(start);
  });
  describe('deletion', () => {
    deletionConformance(start);
  });
  describe('exports', () => {
    exportsConformance(start);
  });
  describe('observations', () => {
    observationsConformance(start);
  });
  describe('costs', () => {
    costsConformance(start);
  });
  describe('completions', () => {
    completionsConformance(start);
  });
  describe('launches', () => {
    launchesConformance(start);
  });
  describe('memory plans', () => {
    memoryPlansConformance(start);
  });
  describe('scorers', () => {
    scorersConformance(start);
  });
  describe('collection', () => {
    collectionConformance(start);
  });
  describe('tasks', () => {
    tasksConformance(start);
  });
  describe('prompt sets', () => {
    promptSetsConformance(start);
  });
  describe('preference pairs', () => {
    preferencePairsConformance(start);
  });
  describe('comparisons', () => {
    comparisonsConformance(start);
  });
  describe('base models', () => {
    baseModelsConformance(start);
  });
  describe('uploads', () => {
    uploadsConformance(start);
  });
  describe('artifacts', () => {
    artifactsConformance(start);
  });
  describe('blobs', () => {
    blobsConformance(start);
  });
}
