/** The content of a report, apart from its form: Markdown and HTML are written from the same sections. */
import { judgeAgreementSection, judgeSections } from './sections/judge-sections.ts';
import { frontierSections } from './sections/frontier-sections.ts';
import { trajectorySections } from './sections/trajectory-sections.ts';
import { peoplesSection } from './sections/peoples-section.ts';
import { examSection } from './sections/exam-section.ts';
import { gridSection } from './sections/grid-section.ts';
import { claimsSection, samplesSection, settingSection } from './sections/frame-sections.ts';
import {
  alarmSection,
  labelsSection,
  preferenceModelSection,
  systemsSection,
} from './sections/stage-sections.ts';
import type { ReportDocument } from './document.ts';
import type { Section } from './sections/blocks.ts';

/** Every section that the document has something for, in the order in which a reader asks. */
export function reportSections(document: ReportDocument): Section[] {
  return [
    claimsSection(document),
    examSection(document),
    ...judgeSections(document),
    judgeAgreementSection(document),
    peoplesSection(document),
    ...frontierSections(document),
    systemsSection(document),
    labelsSection(document),
    preferenceModelSection(document),
    gridSection(document),
    alarmSection(document),
    ...trajectorySections(document),
    samplesSection(document),
    settingSection(document),
  ].filter(({ blocks }) => blocks.length > 0);
}
